package endpoint

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/go-kit/kit/sd"
	"go.uber.org/goleak"
)

// registerMany registers channels from which nobody receives, and gives what serves them.
func registerMany(instancer *Instancer, n int) map[chan sd.Event]*feed {
	feeds := make(map[chan sd.Event]*feed)
	for range n {
		events := make(chan sd.Event)
		instancer.Register(events)
		feeds[events] = instancer.feeds[events]
	}
	return feeds
}

func TestStopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		instancer := NewInstancer(newTown("a").View(), "users")
		feeds := registerMany(instancer, 100)
		synctest.Wait() // for them to be about to send
		instancer.Stop()
		for events, feed := range feeds {
			if !ended(feed.ended) {
				t.Error("a channel may still be sent to after Stop")
			}
			close(events)
		}
	})
}

// Stop, Deregister and another Deregister of one channel may meet: all of them wait.
func TestDeregisterWhileStopping(t *testing.T) {
	defer goleak.VerifyNone(t)
	town := newTown("a")
	for range 20 {
		instancer := NewInstancer(town.View(), "users")
		feeds := registerMany(instancer, 50)
		var work sync.WaitGroup
		deregister := func(events chan sd.Event, feed *feed) {
			instancer.Deregister(events)
			if !ended(feed.ended) {
				t.Error("a channel may still be sent to after Deregister")
			}
		}
		for events, feed := range feeds {
			work.Go(func() { deregister(events, feed) })
			work.Go(func() { deregister(events, feed) })
		}
		instancer.Stop()
		work.Wait()
	}
}

func TestStopEndsEveryFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		town := newTown("a")
		instancer, events := registered(t, town)
		instancer.Register(make(chan sd.Event))
		synctest.Wait()
		var both sync.WaitGroup
		both.Go(instancer.Stop)
		instancer.Stop()
		close(events)
		both.Wait()

		late := make(chan sd.Event)
		instancer.Register(late)
		town.join("b")
		checkWaiting(t, late)
		instancer.Deregister(late)
		instancer.Stop()
	})
}
