package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// strangers are heads of members that nobody knows, in order, each with an address of its own.
func strangers(n int) (heads []membership.Head) {
	for i := range n {
		h := headOf(fmt.Sprintf("f%06d", i))
		h.Address = fmt.Sprintf("10.%d.%d.%d:7946", 1+i>>16, i>>8&255, i&255)
		heads = append(heads, h)
	}
	return heads
}

// TestFault51_HeadsAreBounded has a message of heads cost more than one that a member sends.
func TestFault51_HeadsAreBounded(t *testing.T) {
	from := identity{"a", 1}
	for _, part := range partsOf(from, strangers(20_000)) {
		if _, err := decodeHeadsMessage(part.encode()[1:]); err != nil {
			t.Errorf("what a member sends is refused: %v", err)
		}
	}
	some := strangers(3)
	for name, m := range map[string]headsMessage{
		"larger than a part": {from: from, heads: strangers(2000)},
		"out of order":       {from: from, heads: []membership.Head{some[1], some[0]}},
		"one twice":          {from: from, heads: []membership.Head{some[0], some[0]}},
		"before the range":   {from: from, first: some[1].Name, heads: some},
		"behind the range":   {from: from, last: some[1].Name, heads: some},
	} {
		if _, err := decodeHeadsMessage(m.encode()[1:]); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFault51_HeadsThatAskCostMore holds what a message of heads counts: little heads may ask for all that is known.
func TestFault51_HeadsThatAskCostMore(t *testing.T) {
	cost := quotas[kindHeads].cost(kindHeads)
	full := partsOf(identity{"a", 1}, strangers(5000))[0]
	for name, tt := range map[string]struct {
		m    headsMessage
		want float64
	}{
		"asks of all":             {headsMessage{asks: true}, 1},
		"asks from a name on":     {headsMessage{asks: true, first: "b"}, 1},
		"asks of one":             {headsMessage{asks: true, first: "b", last: "b"}, leastCost},
		"tells of one":            {headsMessage{heads: strangers(1)}, leastCost},
		"tells of what it knows":  {headsMessage{heads: full.heads}, 1},
		"a full part, which asks": {full, 1},
	} {
		tt.m.from = identity{"a", 1}
		if got := cost(tt.m.encode()[1:]); got < tt.want || got > 1.1*tt.want {
			t.Errorf("%s: it counts %v, want %v", name, got, tt.want)
		}
	}
}

// TestFault51_FewAreSought has heads of one member name more addresses than are searched on its word.
func TestFault51_FewAreSought(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	for k := range 10 {
		n.handle([]event{headsEvent{headsMessage{from: identity{"liar", 1}, heads: strangers(1000 * (k + 1))[1000*k:]}, false}})
		n.reach.mu.Lock()
		if sought := n.reach.missing.len(); sought > mostToldEach {
			t.Errorf("%d messages make it look for %d members", k+1, sought)
		}
		n.reach.mu.Unlock()
	}
}

// TestFault51_InboxIsShort offers the loop more messages than it takes: they wait where senders take turns, and nobody waits
// once the node closes.
func TestFault51_InboxIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInbox()
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan bool, 10*mostAdmitted)
		for i := range 10 * mostAdmitted {
			size := 1
			if i%2 == 0 {
				size = largeMessage + 1
			}
			go func() { results <- b.admit(ctx, i, size) }()
		}
		for range 3 {
			synctest.Wait()
			if waiting := len(b.take()); waiting != mostAdmitted+mostLarge {
				t.Errorf("%d messages wait for the loop, want %d", waiting, mostAdmitted+mostLarge)
			}
		}
		synctest.Wait()
		cancel()
		admitted := 0
		for range cap(results) {
			if <-results {
				admitted++
			}
		}
		if admitted < 3*(mostAdmitted+mostLarge) || admitted > 5*(mostAdmitted+mostLarge) {
			t.Errorf("%d were admitted", admitted)
		}
	})
}

// TestFault51_ComingAndGoing has members come and go while the loop is busy: what waits is bounded by their number, and the last
// change of each is kept.
func TestFault51_ComingAndGoing(t *testing.T) {
	b := newInbox()
	one, other := identity{"a", 1}, identity{"b", 2}
	for range 1000 {
		b.change(one, upEvent{id: one})
		b.change(one, downEvent{id: one})
	}
	b.change(other, downEvent{id: other})
	b.change(other, upEvent{id: other})
	events := b.take()
	if len(events) != mostChanges+2 || events[mostChanges-1] != (downEvent{id: one}) || events[mostChanges+1] != (upEvent{id: other}) {
		t.Errorf("%d events wait: %v", len(events), events)
	}
	b.change(one, upEvent{id: one})
	if events := b.take(); len(events) != 1 {
		t.Errorf("after that %v", events)
	}
}

// TestFault51_JoinInSteps has a peer tell of 20,000 members at once: the loop merges it in steps, with others' messages between
// them, and takes it for all that the peer knows only in the end.
func TestFault51_JoinInSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNode(t, zerolog.Nop())
		n.inbox.take()
		peer := identity{"liar", 1}
		done := make(chan bool)
		all := strangers(20_000)
		go func() {
			n.join(state{from: peer, heads: all})
			close(done)
		}()
		steps, told := 0, 0
		for told < len(all) {
			synctest.Wait()
			events := n.inbox.take()
			if len(events) == 0 || len(events) > mostLarge {
				t.Fatalf("%d events wait after %d heads", len(events), told)
			}
			for _, e := range events {
				step := e.(stepEvent)
				if len(step.heads) > mostStep || (step.all != nil) != (told+len(step.heads) == len(all)) {
					t.Errorf("a step of %d heads after %d, the last %v", len(step.heads), told, step.all != nil)
				}
				told += len(step.heads)
				steps++
				n.handle([]event{e})
			}
			if begun := n.catchUp.begun; begun != (told == len(all)) {
				t.Errorf("after %d heads the peer has told all: %v", told, begun)
			}
		}
		<-done
		if steps < 19 || len(n.catchUp.missing) != len(all) {
			t.Errorf("%d steps, and %d members are awaited", steps, len(n.catchUp.missing))
		}
	})
}

// TestFault51_JoinsOfOne has a member join over and over: after a few times its digest is all that counts.
func TestFault51_JoinsOfOne(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	n.inbox.take()
	joined, digests := 0, 0
	for range 50 {
		n.join(state{from: identity{"liar", 1}})
	}
	n.join(state{from: identity{"honest", 1}})
	for _, e := range n.inbox.take() {
		switch e.(type) {
		case headsEvent:
			joined++
		case digestEvent:
			digests++
		}
	}
	if joined != int(joinRate.AtOnce)+1 || digests != 50-int(joinRate.AtOnce) {
		t.Errorf("%d joins and %d digests", joined, digests)
	}
}

// TestFault51_InquiriesTakeNoGoroutineEach has a thousand members be lost at once.
func TestFault51_InquiriesTakeNoGoroutineEach(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	before := runtime.NumGoroutine()
	for i := range 10 * mostInquiries {
		n.repair.lost.inquire(fmt.Sprint("m", i))
	}
	n.repair.lost.mu.Lock()
	defer n.repair.lost.mu.Unlock()
	if more := runtime.NumGoroutine() - before; more > 2 || len(n.repair.lost.due) != mostInquiries {
		t.Errorf("%d goroutines ask about %d names", more, len(n.repair.lost.due))
	}
}

// TestFault51_DigestsOfOne has a member send a digest that always differs: others are compared with all the same.
func TestFault51_DigestsOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNode(t, zerolog.Nop())
		compared := 0
		for range 10_000 {
			if n.repair.begin("liar", time.Now()) {
				compared++
			}
			time.Sleep(time.Millisecond)
		}
		if compared > 11 {
			t.Errorf("it is compared with %d times in 10 s", compared)
		}
		if !n.repair.begin("honest", time.Now()) {
			t.Error("another is not compared with")
		}
	})
}

// TestFault51_WantedByName has a peer tell of versions that nobody has: the one that is there is asked for all the same.
func TestFault51_WantedByName(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	told := func(version uint64) headsEvent {
		h := headOf("a")
		h.Version = version
		return headsEvent{headsMessage{heads: []membership.Head{h}}, false}
	}
	lives := func(name string) membership.Change {
		return membership.Up{Name: name, BootID: headOf(name).Boot.ID}
	}
	n.store.Apply(lives("a"))
	for version := range uint64(20) {
		if names := n.repair.want(told(100 + version)); !slices.Equal(names, []string{"a"}) {
			t.Errorf("asked for %q", names)
		}
	}
	if again := n.repair.want(told(100)); len(again) > 0 {
		t.Errorf("asked twice for %q", again)
	}
	var most int
	for k := range 30 {
		var changes []membership.Change
		for i := range 1000 {
			changes = append(changes, lives(fmt.Sprintf("w%d-%d", k, i)))
		}
		n.store.Apply(changes...)
		for i := range 1000 {
			n.repair.want(headsEvent{headsMessage{heads: []membership.Head{headOf(fmt.Sprintf("w%d-%d", k, i))}}, false})
		}
		most = max(most, len(n.repair.wanted))
	}
	if most > mostWanted {
		t.Errorf("%d records are wanted at a time", most)
	}
}

// TestFault51_RecordsAreMadeOneMessageAtATime serves records of 60 KiB: a message holds one, and the others are not encoded yet.
func TestFault51_RecordsAreMadeOneMessageAtATime(t *testing.T) {
	var records []membership.Heard
	for i := range 5 {
		r := recordOf(fmt.Sprint(i))
		r.Metadata = map[string]string{"k": strings.Repeat("v", 60<<10)}
		records = append(records, membership.Heard{Record: r})
	}
	for left := len(records) - 1; left >= 0; left-- {
		var message []byte
		if message, records = cutRecords(identity{"a", 1}, records, membership.WireVersion); len(records) != left || len(message) > transport.MaxMessage {
			t.Fatalf("a message of %d bytes, and %d records are left, want %d", len(message), len(records), left)
		}
	}
}

// TestFault51_HeadsAreSentAtTheirPace sends more parts than a peer takes at once: they take as long as the peer would let them
// wait, and little inquiries between them none.
func TestFault51_HeadsAreSentAtTheirPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNode(t, zerolog.Nop())
		s := &sending{}
		began := time.Now()
		for range 20 {
			n.repair.out.paced(s, leastCost)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("20 inquiries take %v", took)
		}
		for range 13 {
			n.repair.out.paced(s, 1)
		}
		if took := time.Since(began); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("13 parts take %v", took)
		}
	})
}
