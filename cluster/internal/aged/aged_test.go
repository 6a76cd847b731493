package aged

import (
	"maps"
	"slices"
	"testing"
)

func keys(m *Map[int, string]) (keys []int) {
	for key := range m.All() {
		keys = append(keys, key)
	}
	return keys
}

func TestOldestIsEvicted(t *testing.T) {
	m := New[int, string](3)
	for key, value := range []string{"a", "b", "c"} {
		if _, evicted := m.Set(key, value); evicted {
			t.Fatalf("%d evicts another", key)
		}
	}
	m.Set(0, "again") // is the newest now
	if evicted, ok := m.Set(3, "d"); !ok || evicted != "b" {
		t.Errorf("evicted %q, %v, want b", evicted, ok)
	}
	if got := keys(m); !slices.Equal(got, []int{2, 0, 3}) || m.Len() != 3 || !m.Full() {
		t.Errorf("it holds %v", got)
	}
	if key, value, ok := m.Oldest(); key != 2 || value != "c" || !ok {
		t.Errorf("the oldest is %d, %q, %v", key, value, ok)
	}
	if _, known := m.Find(1); known || m.Get(0) != "again" {
		t.Errorf("it holds %v", maps.Collect(m.All()))
	}
}

func TestDeleteWhileIterating(t *testing.T) {
	m := New[int, string](8)
	for key := range 8 {
		m.Set(key, "")
	}
	for key := range m.All() {
		if key%2 == 0 {
			m.Delete(key)
		}
	}
	m.Delete(100)
	if got := keys(m); !slices.Equal(got, []int{1, 3, 5, 7}) || m.Full() {
		t.Errorf("it holds %v", got)
	}
	for range m.All() {
		break
	}
	if _, _, ok := New[int, string](1).Oldest(); ok {
		t.Error("an empty map has an oldest entry")
	}
}
