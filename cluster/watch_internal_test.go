package cluster

import (
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestLooksAreBounded holds what any number of reports can start: one look at a member at a time, a pause between two,
// and not more than so many in all.
func TestLooksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(nil)
		a := identity{"a", 1}
		begins := func(id identity, want bool) {
			t.Helper()
			if _, got := w.beginLook(id, true); got != want {
				t.Errorf("beginLook(%v) = %v, want %v", id, got, want)
			}
		}
		begins(a, true)
		time.Sleep(time.Minute) // it waits for a slot
		begins(a, false)
		w.endLook(a, alive)
		begins(a, false)
		time.Sleep(lookPause / 4)
		if wait, begun := w.beginLook(a, false); !begun || wait != 3*lookPause/4 {
			t.Errorf("a suspicion that is not weak waits for %v, %v", wait, begun)
		}
		w.endLook(a, alive)
		time.Sleep(lookPause)
		for boot := range uint64(mostWaiting) {
			begins(identity{"a", boot}, true)
		}
		begins(identity{"b", 1}, false)
	})
}

// TestDoubtsAreBounded holds that beyond a bound members wait, and that none of them is dropped on memberlist's word.
func TestDoubtsAreBounded(t *testing.T) {
	w := newWatch(idleNode(t, zerolog.Nop()))
	w.node.closed = true // nothing looks
	for boot := range uint64(mostDoubts) {
		w.doubt(identity{"a", boot}, Address{})
	}
	for range 2 {
		w.doubt(identity{"b", 1}, Address{})
		w.doubt(identity{"a", 1}, Address{})
	}
	if w.proving != mostDoubts || len(w.queued) != 1 {
		t.Errorf("%d are verified, and %v wait", w.proving, w.queued)
	}
	if events := w.node.inbox.take(); len(events) != 1 || events[0].(suspectEvent).id != (identity{"b", 1}) {
		t.Errorf("the one that waits is not suspected: %v", events)
	}
	if one, ok := w.nextDoubt(); !ok || one.id != (identity{"b", 1}) {
		t.Errorf("next is %v, %v", one, ok)
	}
	if _, ok := w.nextDoubt(); ok || w.proving != mostDoubts-1 {
		t.Error("a place that nobody needs is not given up")
	}
	w.doubt(identity{"c", 1}, Address{}) // in that place
	w.doubt(identity{"c", 2}, Address{})
	if w.trust(identity{"c", 2}); len(w.queued) > 0 || w.doubted[identity{"c", 2}] != undoubted {
		t.Error("one that has given a sign of life waits still")
	}
}

func TestDoubtEnds(t *testing.T) {
	w := newWatch(idleNode(t, zerolog.Nop()))
	w.node.closed = true
	a := identity{"a", 1}
	w.doubt(a, Address{})
	w.trust(a)
	if w.condemn(a) {
		t.Error("a member that was seen alive is condemned")
	}
	w.doubt(a, Address{})
	if !w.condemn(a) {
		t.Error("a member that was found gone is not condemned")
	}
	if w.trust(a); w.stillDoubted(a) || len(w.doubted) > 0 {
		t.Error("a doubt that has ended is remembered")
	}
}

// TestSeenAliveMeanwhile has a member that memberlist gave up be back while this node finds it gone.
func TestSeenAliveMeanwhile(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	n.closed = true // nothing looks
	record := recordOf("a")
	a := identityOf(record)
	up := upEvent{id: a, address: "10.0.0.7:7946", answered: true}
	listed := func(want bool) {
		t.Helper()
		if _, listed := n.View().Snapshot().Member("a"); listed != want {
			t.Errorf("listed = %v, want %v", listed, want)
		}
	}
	n.handle([]event{up, recordsEvent{recordsMessage{records: []membership.Heard{{Record: record}}}}})
	n.handle([]event{downEvent{id: a}})
	listed(true) // it is looked at first
	n.handle([]event{up, downEvent{id: a, proof: true, finding: looked}})
	listed(true)
	n.handle([]event{downEvent{id: a}, downEvent{id: a, proof: true, finding: looked}})
	listed(false)
}

// ending is the transport to a process that is being killed: it accepts a connection, resets it, and then is gone.
type ending struct {
	nowhere
	dials atomic.Int32
}

const killedAfter = 100 * time.Millisecond

func (e *ending) DialAddressTimeout(to Address, timeout time.Duration) (net.Conn, error) {
	if e.dials.Add(1) > 1 {
		return e.nowhere.DialAddressTimeout(to, timeout)
	}
	here, there := net.Pipe()
	time.AfterFunc(killedAfter, func() { there.Close() })
	return here, nil
}

func TestFault13_LookedAtWhileItIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNodeOn(t, new(ending), zerolog.Nop())
		began := time.Now()
		if found := n.watch.lookAt(identity{"a", 1}, Address{Addr: "10.0.0.7:7946"}, false, nil); found != dead {
			t.Errorf("found %v, want dead", found)
		}
		if took := time.Since(began); took > proveAfter {
			t.Errorf("found after %v, want %v", took, proveAfter)
		}
		n.cancel()
		n.list.Shutdown()
		time.Sleep(time.Minute) // for memberlist
	})
}
