package endpoint

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/go-kit/kit/sd"

	"github.com/grapevine-go/grapevine/membership"
)

// registered is an Instancer in a bubble, and a channel that is registered with it.
func registered(t *testing.T, town *town) (*Instancer, chan sd.Event) {
	instancer, events := NewInstancer(town.View(), "users"), make(chan sd.Event)
	t.Cleanup(instancer.Stop)
	instancer.Register(events)
	return instancer, events
}

func TestEventsOfAnInstancer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("b", "a")
		_, events := registered(t, town)
		checkWaiting(t, events, "[a:80 b:80]")
		town.join("c")
		checkWaiting(t, events, "[a:80 b:80 c:80]")
		town.leave("a", "b", "c")
		checkWaiting(t, events, "[]")
	})
}

func TestEmptyListIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, events := registered(t, newTown())
		checkWaiting(t, events, "[]")
	})
}

func TestDrainingInstancesAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a", "b")
		_, events := registered(t, town)
		checkWaiting(t, events, "[a:80 b:80]")
		town.edit("a", func(r *membership.Record) { r.State = membership.Draining })
		checkWaiting(t, events, "[b:80]")
		town.edit("b", func(r *membership.Record) { r.State = membership.Draining })
		checkWaiting(t, events, "[a:80 b:80]") // better than none
	})
}

// In a process that is short of CPU time a yield takes tens of milliseconds. A test that took as many of them as
// Register may would time out.
func TestRegisterReturnsBesideBusyGoroutines(t *testing.T) {
	var over atomic.Bool
	var busy sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		busy.Go(func() {
			for !over.Load() {
			}
		})
	}
	instancer := NewInstancer(newTown("a").View(), "users")
	instancer.Register(make(chan sd.Event))
	over.Store(true)
	busy.Wait()
	instancer.Stop()
}

// A bubble in which something waits for ever fails its test.
func TestRegisterDoesNotWaitForReceivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		instancer, events := registered(t, town)
		for range 10 {
			instancer.Register(make(chan sd.Event))
		}
		town.join("b")
		checkWaiting(t, events, "[a:80 b:80]")
	})
}

func TestSlowReceiverSkipsToTheLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		_, events := registered(t, town)
		for i := range 10 {
			synctest.Wait() // so that each list is on offer for a while
			town.join(fmt.Sprint("b", i))
		}
		town.leave("a", "b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8")
		checkWaiting(t, events, "[b9:80]")
	})
}

func TestChangeThatIsUndoneInTimeIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		_, events := registered(t, town)
		checkWaiting(t, events, "[a:80]")
		town.join("b")
		synctest.Wait()
		town.leave("b")
		checkWaiting(t, events)
	})
}

// Go kit's issue 626: a receiver that calls back while an event for someone else is being sent.
func TestReceiverMayCallTheInstancer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		instancer, events := registered(t, town)
		instancer.Register(make(chan sd.Event)) // never received from
		seen := 0
		go func() {
			for range events {
				other := make(chan sd.Event)
				instancer.Register(other)
				<-other
				instancer.Deregister(other)
				seen++
			}
		}()
		for range 5 {
			synctest.Wait()
			town.join("b")
			synctest.Wait()
			town.leave("b")
		}
		synctest.Wait()
		instancer.Deregister(events)
		close(events)
		if seen != 11 {
			t.Errorf("%d events received, want 11", seen)
		}
	})
}
