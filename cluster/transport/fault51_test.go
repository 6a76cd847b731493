package transport

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// messageOf is a message of a sender that something else proves.
func messageOf(sender string, payload int, dropped *int) delivery {
	return delivery{from: From{ID: sender + "@1"}, payload: make([]byte, payload), done: func() { *dropped++ }}
}

// TestFault51_SendersTakeTurns fills a queue with messages of a few senders, each under several boots: another's message is
// handled after one of each, and what is dropped is theirs.
func TestFault51_SendersTakeTurns(t *testing.T) {
	const depth, floods = 100, 3
	l := newLane(depth, nil)
	dropped, honest := 0, 0
	for i := range 1000 {
		l.put(messageOf(fmt.Sprint("flood", i%floods), 1, &dropped))
		l.put(delivery{from: From{ID: fmt.Sprintf("flood%d@%d", i%floods, i)}, payload: []byte{1}, done: func() { dropped++ }})
	}
	for range 10 {
		l.put(messageOf("honest", 2, &honest))
	}
	if dropped != 2000+10-depth || honest > 0 || l.dropped.Load() != uint64(dropped) {
		t.Errorf("%d of the floods and %d others were dropped, and %d counted", dropped, honest, l.dropped.Load())
	}
	before, seen := 0, 0
	for d, ok := l.next(); ok; d, ok = l.next() {
		if d.from.ID != "honest@1" {
			before++
			continue
		}
		if seen++; before > floods {
			t.Errorf("%d messages were handled before that of another sender", before)
		}
		before = 0
	}
	if seen != 10 {
		t.Errorf("%d of 10 messages were handled", seen)
	}
}

// TestFault51_Pace has a sender send more than the pace of a kind: only its own messages wait, none is lost, and a message
// that costs more counts as several.
func TestFault51_Pace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := idle(t, nil)
		var flood, large, honest atomic.Int64
		count := map[string]*atomic.Int64{"flood@1": &flood, "large@1": &large, "honest@1": &honest}
		tr.Handle(1, 1000, func(from From, _ []byte) { count[from.ID].Add(1) })
		tr.Pace(1, 4, 2, func(payload []byte) float64 { return float64(len(payload)) })
		ctx := t.Context()
		go tr.lanes[1].run(ctx)
		none := 0
		for range 50 {
			tr.lanes[1].put(messageOf("flood", 1, &none))
			tr.lanes[1].put(messageOf("large", 2, &none))
		}
		tr.lanes[1].put(messageOf("honest", 1, &none))
		synctest.Wait()
		if flood.Load() != 4 || large.Load() != 2 || honest.Load() != 1 {
			t.Errorf("at once: %d, %d and %d", flood.Load(), large.Load(), honest.Load())
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if flood.Load() != 4+20 || large.Load() != 2+10 {
			t.Errorf("after 10 s: %d and %d", flood.Load(), large.Load())
		}
		tr.lanes[1].put(messageOf("honest", 1, &none))
		synctest.Wait()
		if honest.Load() != 2 {
			t.Error("a message waits behind those of others")
		}
	})
}

// TestFault51_RoomOfAll has many members fill their room. All of them together have a bound, and one more member has room
// for a message.
func TestFault51_RoomOfAll(t *testing.T) {
	tr := idle(t, nil)
	taken := 0
	for i := range 200 {
		r := tr.book.room(Address{Name: fmt.Sprintf("flood%d@1", i)})
		if tr.book.room(Address{Name: fmt.Sprintf("flood%d@2", i)}) != r {
			t.Fatal("two boots of a member have two rooms")
		}
		for r.take(MaxMessage, tr.ctx.Done(), time.Now()) == nil {
			taken += MaxMessage
		}
	}
	if most := mostRooms + 200*leastRoom; taken > most || taken < mostRooms {
		t.Errorf("%d bytes are in flight, want up to %d", taken, most)
	}
	honest := tr.book.room(Address{Name: "honest@1"})
	if err := honest.take(MaxMessage, tr.ctx.Done(), time.Now()); err != nil {
		t.Errorf("a member has no room for one message: %v", err)
	}
	if err := honest.take(MaxMessage, tr.ctx.Done(), time.Now()); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("more than there is: %v", err)
	}
	tr.book.room(Address{Name: "flood0@1"}).give(mostRoom)
	if err := honest.take(MaxMessage, tr.ctx.Done(), time.Now()); err != nil {
		t.Errorf("room that was given back is not there: %v", err)
	}
}

// TestFault51_PacketsTakeTurns has one member send more packets than memberlist takes: those of another are not lost.
func TestFault51_PacketsTakeTurns(t *testing.T) {
	tr := idle(t, nil)
	for range 10 * packetsWaiting {
		tr.queue(From{ID: "flood@1"}, &Packet{})
	}
	tr.queue(From{ID: "honest@1"}, &Packet{Buf: []byte{1}})
	if lost := tr.Stats().Unparsed; lost != 9*packetsWaiting-packetsAtOnce+1 {
		t.Errorf("%d packets are lost", lost)
	}
	tr.unparsed.next()
	if d, ok := tr.unparsed.next(); !ok || len(d.packet.Buf) != 1 {
		t.Error("the packet of another is lost, or waits behind the flood")
	}
}
