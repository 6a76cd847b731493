package endpoint

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/log"
	"go.uber.org/goleak"
)

// churn changes the town until stop, which waits.
func churn(town *town) (stop func()) {
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				town.join("x", "y")
				runtime.Gosched() // so that a single processor lets others see this
				town.leave("x", "y")
				runtime.Gosched()
			}
		}
	})
	return func() { close(done); work.Wait() }
}

// Whoever would send after Deregister panics, as the channel is closed.
func TestDeregisterWithoutAReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		instancer := NewInstancer(town.View(), "users")
		for range 100 {
			events := make(chan sd.Event)
			instancer.Register(events)
			feed := instancer.feeds[events]
			synctest.Wait() // for it to be about to send
			instancer.Deregister(events)
			if !ended(feed.ended) {
				t.Error("the channel may still be sent to after Deregister")
			}
			close(events)
			instancer.Deregister(events)
		}
	})
}

func TestDeregisterWhileEventsFlow(t *testing.T) {
	defer goleak.VerifyNone(t)
	town := newTown("a")
	defer churn(town)()
	instancer := NewInstancer(town.View(), "users")
	defer instancer.Stop()
	for i := range 300 {
		events := make(chan sd.Event)
		instancer.Register(events)
		for range i % 4 {
			<-events
		}
		instancer.Deregister(events)
		close(events)
	}
}

func TestDeregisterByTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		instancer, events := registered(t, newTown("a"))
		for range events {
			instancer.Deregister(events)
			close(events)
		}
	})
}

func TestRegisterTwiceIsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		instancer, events := registered(t, newTown("a"))
		instancer.Register(events)
		checkWaiting(t, events, "[a:80]")
		instancer.Deregister(events)
		close(events)
	})
}

func TestStockEndpointersComeAndGoWhileEventsFlow(t *testing.T) {
	defer goleak.VerifyNone(t)
	town := newTown("a")
	defer churn(town)()
	instancer := NewInstancer(town.View(), "users")
	defer instancer.Stop()
	for range 200 {
		endpointer := sd.NewEndpointer(instancer, newServers().factory, log.NewNopLogger())
		endpointer.Endpoints()
		endpointer.Close()
	}
}
