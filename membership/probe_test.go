package membership

import (
	"errors"
	"sync"
	"testing"
)

func TestGaugeCounts(t *testing.T) {
	var g Gauge
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for range 1000 {
				g.Begin()
				g.Begin()
				g.Done()
			}
		})
	}
	work.Wait()
	if got := g.InFlight(); got != 8000 {
		t.Errorf("%d in flight, want 8000", got)
	}
}

func TestProbeWithoutANode(t *testing.T) {
	if id, err := NewStore("me").View().Probe(Instance{}, nil); id != 0 || !errors.Is(err, ErrNoProbes) {
		t.Errorf("Probe = %d, %v, want %v", id, err, ErrNoProbes)
	}
}

func TestProbeReachesTheNode(t *testing.T) {
	s := NewStore("me")
	s.OnProbe(func(instance Instance, answers chan<- ProbeAnswer) (uint64, error) {
		answers <- ProbeAnswer{ID: 7, InFlight: int64(len(instance.Member)), Known: true}
		return 7, nil
	})
	answers := make(chan ProbeAnswer, 1)
	id, err := s.View().Probe(Instance{Member: "users-1"}, answers)
	if answer := <-answers; id != 7 || err != nil || answer != (ProbeAnswer{7, 7, true}) {
		t.Errorf("Probe = %d, %v, and the answer %+v", id, err, answer)
	}
}
