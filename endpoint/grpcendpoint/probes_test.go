package grpcendpoint

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// probed has all instances but one be busy with the calls of others, and gives how many of 500 calls go to that one, and
// how many probes there were.
func probed(t *testing.T, options ...Option) (calls int, probes int64) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a", "b", "c", "d")
		var id atomic.Uint64
		town.OnProbe(func(instance membership.Instance, answers chan<- membership.ProbeAnswer) (uint64, error) {
			answer := membership.ProbeAnswer{ID: id.Add(1), InFlight: 40, Known: true}
			if instance.Address == "c:80" {
				answer.InFlight = 0
			}
			time.AfterFunc(time.Millisecond, func() { answers <- answer })
			return answer.ID, nil
		})
		client := town.client(t, balancer.LeastRequest(), options...)
		call(t, client)
		settle()
		for range 500 {
			calls += town.called(t, client, 1)["c:80"]
			time.Sleep(10 * time.Millisecond)
		}
		probes = int64(id.Load())
	})
	return calls, probes
}

func TestCallsGoByReportedLoads(t *testing.T) {
	if calls, probes := probed(t); calls < 300 || probes < 1000 {
		t.Errorf("%d of 500 calls go to the one that is not busy, with %d probes", calls, probes)
	}
}

func TestProbesCanBeOff(t *testing.T) {
	if calls, probes := probed(t, Probes(0)); calls > 200 || probes != 0 {
		t.Errorf("%d of 500 calls go to the one that is not busy, with %d probes", calls, probes)
	}
}
