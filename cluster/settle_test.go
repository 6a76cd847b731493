package cluster_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestDrainWaitsForSubscribers has a subscriber of a peer's view take its time with every change: when the drain is confirmed
// it has dealt with it, directly and by way of a relay; one that is stuck is not waited for.
func TestDrainWaitsForSubscribers(t *testing.T) {
	for name, tt := range map[string]struct {
		takes, least, most time.Duration
	}{
		"quick": {100 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond},
		"stuck": {time.Hour, 750 * time.Millisecond, 800 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
				draining := c.Members[2]
				time.Sleep(10 * time.Second)
				var dealtWith atomic.Bool
				ctx, cancel := context.WithCancel(t.Context())
				watched := make(chan struct{})
				go func() {
					defer close(watched)
					for s := range c.Members[0].View().Watch(ctx) {
						if m, _ := s.Member(draining.Name()); m.State == membership.Draining {
							select {
							case <-time.After(tt.takes):
								dealtWith.Store(true)
							case <-ctx.Done():
							}
						}
					}
				}()
				time.Sleep(time.Second)
				began := time.Now()
				if err := draining.Drain(within(t, time.Minute)); err != nil {
					t.Errorf("drain: %v", err)
				}
				if took := time.Since(began); took < tt.least || took > tt.most || dealtWith.Load() != (name == "quick") {
					t.Errorf("confirmed after %v, and dealt with: %v", took, dealtWith.Load())
				}
				cancel()
				<-watched
			})
		})
	}
}

// TestDrainDoesNotWaitForObservers has an observer of a peer's view sleep at every change.
func TestDrainDoesNotWaitForObservers(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		time.Sleep(10 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		observed := make(chan struct{})
		go func() {
			defer close(observed)
			for range c.Members[0].View().Follow(ctx) {
				time.Sleep(time.Minute)
			}
		}()
		time.Sleep(2 * time.Minute) // it waits for a change
		began := time.Now()
		if err := c.Members[2].Drain(within(t, time.Minute)); err != nil {
			t.Errorf("drain: %v", err)
		}
		if took := time.Since(began); took > 50*time.Millisecond {
			t.Errorf("confirmed after %v", took)
		}
		cancel()
		<-observed
	})
}
