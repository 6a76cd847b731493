// Package aged has a map that is bounded: one entry too many evicts the oldest.
package aged

import (
	"container/list"
	"iter"
)

// Map holds a bounded number of entries in the order in which they were set. Each operation takes
// constant time. It is not safe for concurrent use. Make one with [New].
type Map[K comparable, V any] struct {
	most  int
	at    map[K]*list.Element
	order list.List // of pair[K, V], the oldest first
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

// New returns an empty map for at most that many entries.
func New[K comparable, V any](most int) *Map[K, V] {
	return &Map[K, V]{most: most, at: make(map[K]*list.Element)}
}

// Len returns the number of entries.
func (m *Map[K, V]) Len() int { return len(m.at) }

// Full reports whether one more entry evicts another.
func (m *Map[K, V]) Full() bool { return len(m.at) >= m.most }

// Get returns the value of key, and the zero value if there is none.
func (m *Map[K, V]) Get(key K) V {
	value, _ := m.Find(key)
	return value
}

// Find returns the value of key, and reports whether there is one.
func (m *Map[K, V]) Find(key K) (value V, ok bool) {
	element := m.at[key]
	if element == nil {
		return value, false
	}
	return element.Value.(pair[K, V]).value, true
}

// Set makes key the newest entry. It evicts the oldest if there are too many.
func (m *Map[K, V]) Set(key K, value V) (evicted V, ok bool) {
	m.Delete(key)
	if m.Full() {
		oldest := m.order.Front().Value.(pair[K, V])
		m.Delete(oldest.key)
		evicted, ok = oldest.value, true
	}
	m.at[key] = m.order.PushBack(pair[K, V]{key, value})
	return evicted, ok
}

// Delete removes key, if it is there.
func (m *Map[K, V]) Delete(key K) {
	if element := m.at[key]; element != nil {
		m.order.Remove(element)
		delete(m.at, key)
	}
}

// Oldest returns the oldest entry, and reports whether there is one.
func (m *Map[K, V]) Oldest() (key K, value V, ok bool) {
	front := m.order.Front()
	if front == nil {
		return key, value, false
	}
	oldest := front.Value.(pair[K, V])
	return oldest.key, oldest.value, true
}

// All yields the entries, the oldest first. An entry may be deleted once it was yielded.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for element := m.order.Front(); element != nil; {
			next := element.Next()
			if one := element.Value.(pair[K, V]); !yield(one.key, one.value) {
				return
			}
			element = next
		}
	}
}
