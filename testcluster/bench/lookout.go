package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// news is what members are to learn about one of them.
type news struct {
	member  string
	before  string // its address, which has changed; "" where it has not
	service string // that it offers now; "" where it is the address that matters
	gone    bool   // that it is listed no more is all that matters
	spared  bool   // or that it is called only where nothing else is left
}

// toldBy says whether this is what somebody's view holds: that member is at address and offers services.
func (n news) toldBy(member, address string, services ...string) bool {
	return !n.gone && !n.spared && member == n.member && address != n.before && (n.service == "" || slices.Contains(services, n.service))
}

// lost says whether this is what it means that somebody lists member no more.
func (n news) lost(member string) bool { return (n.gone || n.spared) && member == n.member }

// watcher is told by a member that its view has changed, and how to ask whether it holds some news now.
type watcher func(holds func(news) bool)

// lookout notes when the members of a cluster learn something.
type lookout struct{ current atomic.Pointer[[]*spread] }

// of gives the watcher of one member. Nothing happens while nothing is awaited.
func (l *lookout) of(name string) watcher {
	return func(holds func(news) bool) {
		awaited := l.current.Load()
		if awaited == nil {
			return
		}
		for _, s := range *awaited {
			if holds(s.news) {
				s.reached(name)
			}
		}
	}
}

// expect begins to wait until all of names have learned something. The clock starts here.
func (l *lookout) expect(n news, names []string) *spread { return l.expectAll(names, n)[0] }

// expectAll does it for several news at once.
func (l *lookout) expectAll(names []string, all ...news) (spreads []*spread) {
	for _, n := range all {
		spreads = append(spreads, newSpread(n, names))
	}
	l.current.Store(&spreads)
	return spreads
}

func newSpread(n news, names []string) *spread {
	s := &spread{news: n, missing: make(map[string]bool), everywhere: make(chan struct{})}
	for _, name := range names {
		s.missing[name] = true
	}
	s.begun = time.Now()
	return s
}

// spread is how far some news have come.
type spread struct {
	news
	begun      time.Time
	everywhere chan struct{}

	mu      sync.Mutex
	missing map[string]bool // whom they have not reached
	took    []time.Duration
}

func (s *spread) reached(name string) {
	took := time.Since(s.begun)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.missing[name] {
		return
	}
	delete(s.missing, name)
	s.took = append(s.took, took)
	if len(s.missing) == 0 {
		close(s.everywhere)
	}
}

// await gives how long the news took to each whom they reached within patience, and how many they did not reach.
func (s *spread) await(patience time.Duration) (took []time.Duration, missing int) {
	select {
	case <-s.everywhere:
	case <-time.After(time.Until(s.begun.Add(patience))):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.took), len(s.missing)
}
