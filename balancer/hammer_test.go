package balancer

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
)

const (
	hammerRuns    = 20
	hammerPickers = 8
	hammerCalls   = 500 // of each picker in each run
)

// census is policy, and remembers every candidate that it is given.
func census(policy Policy) (Policy, map[*Candidate]bool) {
	seen := make(map[*Candidate]bool)
	return func(s *Set) Picker {
		for _, candidate := range s.Candidates {
			seen[candidate] = true
		}
		return policy(s)
	}, seen
}

func TestPickWhileTheSetChanges(t *testing.T) {
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			for range hammerRuns {
				hammer(t, policy())
			}
		})
	}
}

func hammer(t *testing.T, policy Policy) {
	policy, seen := census(policy)
	b := newBalancer(policy, numbered(1, 2, 3))
	done := make(chan struct{})
	var pickers, updaters sync.WaitGroup
	for range hammerPickers {
		pickers.Go(func() { call(t, b) })
	}
	for range 2 {
		updaters.Go(func() { change(b, done) })
	}
	pickers.Wait()
	close(done)
	updaters.Wait()
	for candidate := range seen {
		if got := candidate.InFlight(); got != 0 {
			t.Errorf("%d calls in flight at the end, want 0", got)
		}
	}
}

// call keeps up to ten calls in flight, each to an item that was in some set. Some fail, some are other attempts.
func call(t *testing.T, b *Balancer[int]) {
	var tokens [10]Token
	for range hammerCalls {
		i := rand.IntN(len(tokens))
		b.Done(tokens[i], Outcome(rand.IntN(3)))
		choice := Choice[int]{Key: string(rune('a' + i))}
		if avoid := rand.IntN(20); avoid < 10 {
			choice.Tried = func(value int) bool { return value == avoid }
		}
		value, token, err := b.PickFor(choice)
		if err != nil && !errors.Is(err, ErrNoInstances) || value < 0 || value >= 10 {
			t.Errorf("Pick = %d, %v", value, err)
		}
		tokens[i] = token
	}
	for _, token := range tokens {
		b.Done(token, Success)
	}
}

// change replaces the set by none to ten items, with weights and without.
func change(b *Balancer[int], done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		items := numbered(make([]int, 10)...)
		rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		for i := range items {
			items[i].Weight = rand.IntN(2) * rand.IntN(1000)
		}
		b.Update(items[:rand.IntN(len(items)+1)])
	}
}
