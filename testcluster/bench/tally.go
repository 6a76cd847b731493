package main

import (
	"slices"
	"sync"
)

// tally counts, by name, how often a member that somebody listed was not listed any more.
type tally struct {
	explain func(name string) // why it is not listed any more; nil to count only
	mu      sync.Mutex
	by      map[string]int
}

func (t *tally) lost(name string) {
	if t.explain != nil {
		t.explain(name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = make(map[string]int)
	}
	t.by[name]++
}

// leaves leaves those out that had to go.
func (t *tally) leaves(but ...string) (sum int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, times := range t.by {
		if !slices.Contains(but, name) {
			sum += times
		}
	}
	return sum
}
