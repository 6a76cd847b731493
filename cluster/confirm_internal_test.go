package cluster

import (
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestFault49_NeverSent has a peer, a relay and a stranger confirm what they were not sent: a drain waits for them, and the
// record is still sent. What was sent counts.
func TestFault49_NeverSent(t *testing.T) {
	peer, other := identity{"a", 1}, identity{"b", 2}
	for name, tt := range map[string]struct {
		confirm func(n *Node)
		want    bool // that a drain waits for it
	}{
		"before it is sent":     {func(n *Node) { n.handleAck(ackOf(n, peer, 7)) }, true},
		"as sent":               {func(n *Node) { send(n, 7); n.handleAck(ackOf(n, peer, 7)) }, false},
		"more than was sent":    {func(n *Node) { send(n, 6); n.handleAck(ackOf(n, peer, 7)) }, true},
		"more than was written": {func(n *Node) { send(n, 7); n.handleAck(ackOf(n, peer, 8)) }, true},
		"of another number": {func(n *Node) {
			send(n, 7)
			m := ackOf(n, peer, 7)
			m.boot.Number++
			n.handleAck(m)
		}, true},
		"of another boot": {func(n *Node) {
			send(n, 7)
			m := ackOf(n, peer, 7)
			m.boot.ID++
			n.handleAck(m)
		}, true},
		"by a relay, as sent": {func(n *Node) { send(n, 7); n.push.relayed(relayedMessage{other, 7, []uint64{1}}) }, false},
		"by a relay, unsent":  {func(n *Node) { n.push.relayed(relayedMessage{other, 7, []uint64{1}}) }, true},
		"by a relay, of a drain": {func(n *Node) {
			n.push.state = membership.Draining
			send(n, 7)
			n.push.relayed(relayedMessage{other, 7, []uint64{1}})
		}, true},
		"another record, by a relay": {func(n *Node) {
			send(n, 7)
			n.push.sum = "right"
			m := ackOf(n, peer, 7)
			m.replyTo = "wrong"
			n.handleAck(m)
		}, true},
		"the record, by a relay": {func(n *Node) {
			send(n, 7)
			n.push.sum = "right"
			m := ackOf(n, peer, 7)
			m.replyTo = "right"
			n.handleAck(m)
		}, false},
	} {
		n := idleNode(t, zerolog.Nop())
		n.own.Boot.Number, n.own.Version = 5, 7
		n.handle([]event{upEvent{peer, "10.0.0.7:7946", membership.WireVersion, true}})
		n.push.branches[other] = []identity{peer}
		tt.confirm(n)
		behind, _ := n.push.behind(7)
		if slices.Contains(behind, peer) != tt.want || tt.want != (n.push.lagging[peer] != nil) {
			t.Errorf("%s: waits for %v, sends to %v", name, behind, n.push.lagging)
		}
	}
}

func send(n *Node, version uint64) {
	n.push.begin(version)
	_, _ = n.push.takeDue(version)
	n.push.branches[identity{"b", 2}] = []identity{{"a", 1}}
}

func ackOf(n *Node, from identity, version uint64) note {
	return note{from: from, subject: n.id, boot: n.own.Boot, version: version}
}

// TestFault49_Ceiling has the numbers of a member reach their end: nothing wraps, and an update has effect or an error.
func TestFault49_Ceiling(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	n.own.Boot.Number, n.own.Version = 5, membership.NumberLimit-2
	add := func(name string) error {
		_, err := n.Register(membership.Service{Name: name, Address: "10.0.0.7:80"})
		return err
	}
	for i, name := range []string{"a", "b", "c"} {
		if err := add(name); err != nil {
			t.Error(err)
		}
		known, _ := n.store.Record("self")
		if len(known.Services) != i+1 || known.Version >= membership.NumberLimit || known.Boot.Number >= membership.NumberLimit {
			t.Errorf("after %q: boot %v, version %d, %d services", name, known.Boot, known.Version, len(known.Services))
		}
	}
	n.own.Boot.Number, n.own.Version = membership.NumberLimit-1, membership.NumberLimit-1
	if err := add("d"); err == nil {
		t.Error("an update that cannot be sent has no error")
	}
	n.outdo(membership.Boot{Number: membership.NumberLimit - 1, ID: n.id.boot}, membership.NumberLimit-1)
	if own := n.record(); own.Boot.Number >= membership.NumberLimit || own.Version >= membership.NumberLimit {
		t.Errorf("boot %v, version %d", own.Boot, own.Version)
	}
}

// TestFault47_WhoIsAsked holds which members are asked for their own records: those that live, and of which others say more.
func TestFault47_WhoIsAsked(t *testing.T) {
	record := recordOf("a")
	peer, liar := identityOf(record), identity{"b", 1}
	newer := record
	newer.Version++
	up := upEvent{peer, "10.0.0.7:7946", membership.WireVersion, true}
	told := recordsEvent{recordsMessage{liar, []membership.Heard{{Record: newer}}}}
	for name, tt := range map[string]struct {
		events []event
		want   bool
	}{
		"nobody says more":       {[]event{pushEvent{record: record}, up}, false},
		"others say more":        {[]event{pushEvent{record: record}, up, told}, true},
		"others say it first":    {[]event{told, up}, true},
		"of one that is unknown": {[]event{told}, false},
		"without a record":       {[]event{up}, true},
	} {
		n := idleNode(t, zerolog.Nop())
		for _, e := range tt.events {
			n.handle([]event{e})
		}
		if _, asked := n.repair.asked[peer]; asked != tt.want {
			t.Errorf("%s: asked = %v", name, asked)
		}
	}
}

// TestFault47_AskedEverLessOften has a member not answer, and then answer.
func TestFault47_AskedEverLessOften(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	id := identity{"a", 1}
	if !n.repair.mayAsk(id, false) || n.repair.mayAsk(id, false) {
		t.Error("it is not asked once a second")
	}
	n.repair.asked[id] = lastQuestion{time.Now().Add(-firstQuestion), firstQuestion}
	if !n.repair.mayAsk(id, false) || n.repair.asked[id].pause != 2*firstQuestion {
		t.Errorf("it is asked again after %v", n.repair.asked[id].pause)
	}
	n.repair.answered(id)
	if n.repair.asked[id].pause != firstQuestion {
		t.Errorf("it has answered, and is asked again after %v", n.repair.asked[id].pause)
	}
}

// TestNewcomersAreNotAskedAtOnce has a member come alive of which nothing is known: its record is on the way, and it is asked only
// if that has not come after a second.
func TestNewcomersAreNotAskedAtOnce(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	id := identity{"a", 1}
	if n.repair.mayAsk(id, true) {
		t.Error("it is asked at once")
	}
	n.repair.asked[id] = lastQuestion{n.repair.asked[id].at.Add(-firstQuestion), n.repair.asked[id].pause}
	if !n.repair.mayAsk(id, true) {
		t.Error("it is not asked a second later")
	}
}

// TestFault47_AskedOnceThereIsRoom has as much on its way as may be when a question comes up: the member is asked as soon as
// there is room, however often there was none, and only then counts as asked.
func TestFault47_AskedOnceThereIsRoom(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	id := identity{"a", 1}
	for i := range mostAnswered {
		n.repair.out.sending[identity{"other", uint64(i)}] = &sending{}
	}
	for range 5 {
		if !n.repair.mayAsk(id, false) {
			t.Fatal("the member may not be asked")
		}
		n.repair.out.add(id, n.repair.questionTo(id))
		last := n.repair.asked[id]
		if again := time.Until(last.at.Add(last.pause)); again > nextTurn {
			t.Fatalf("the question is tried again after %v", again)
		}
		last.at = last.at.Add(-nextTurn)
		n.repair.asked[id] = last
	}
	if events := n.inbox.take(); len(events) > 0 {
		t.Errorf("it counts as asked: %v", events)
	}
	if !n.repair.mayAsk(id, false) || n.repair.asked[id].pause != firstQuestion {
		t.Errorf("it is asked again after %v, as if it did not answer", n.repair.asked[id].pause)
	}
}

// TestFault47_Pacer allows four at once, and one a second then.
func TestFault47_Pacer(t *testing.T) {
	var p pacer
	for i := range atOnce + 1 {
		if p.allow() != (i < atOnce) {
			t.Errorf("number %d", i+1)
		}
	}
	p.until = p.until.Add(-pacedAfter)
	if !p.allow() || p.allow() {
		t.Error("not one a second later")
	}
}

// TestFault47_NotesAreBounded holds the bound on numbers of the messages that carry them.
func TestFault47_NotesAreBounded(t *testing.T) {
	for _, number := range []uint64{membership.NumberLimit, 1 << 63, ^uint64(0)} {
		a := identity{"a", 1}
		for _, m := range []note{{from: a, subject: a, version: number}, {from: a, subject: a, boot: membership.Boot{Number: number}}} {
			if _, err := decodeNote(m.encode(kindAck)[1:]); err == nil {
				t.Errorf("a note with %d is read", number)
			}
		}
		if _, err := decodeRelayed(relayedMessage{a, number, []uint64{1}}.encode()[1:]); err == nil {
			t.Errorf("a relay's word with %d is read", number)
		}
		r := recordOf("a")
		r.Version = number
		if _, _, err := decodeBranch(encodeBranch(a, mustEncode(t, r))[1:], membership.WireVersion); err == nil {
			t.Errorf("a branch with %d is read", number)
		}
		s := state{from: a, heads: []membership.Head{{Name: "a", Version: number}}}
		if got, err := decodeState(s.encode(1 << 20)); err == nil || len(got.heads) > 0 {
			t.Errorf("a state with %d is read", number)
		}
		if _, err := decodeHeadsMessage(headsMessage{from: a, heads: s.heads}.encode()[1:]); err == nil {
			t.Errorf("heads with %d are read", number)
		}
	}
}

// TestFault47_OutdoneAfterARelay has a member confirm a version that a relay told of: its owner pushes to that member at once,
// and writes a newer version a moment later, for those that believed the relay and whose confirmation was lost.
func TestFault47_OutdoneAfterARelay(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	peer := identity{"a", 1}
	n.handle([]event{upEvent{peer, "10.0.0.7:7946", membership.WireVersion, true}})
	version := n.record().Version
	m := ackOf(n, peer, version+3)
	m.replyTo = "a checksum"
	n.handleAck(m)
	n.outdoRelayed()
	if got := n.record().Version; got != version {
		t.Errorf("version %d is written at once", got)
	}
	n.falsehood.since = n.falsehood.since.Add(-upkeep)
	n.outdoRelayed()
	if got := n.record().Version; got != version+4 {
		t.Errorf("version %d is written, want one above %d", got, version+3)
	}
	n.outdoRelayed()
	if got := n.record().Version; got != version+4 {
		t.Errorf("version %d is written for the same", got)
	}
}

// TestFault47_MadeUpBoots has a member acknowledge ever newer boots of a name that there are not: another, which knows the
// true one, is asked nevertheless.
func TestFault47_MadeUpBoots(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	liar, honest := identity{"liar", 1}, identity{"honest", 2}
	n.handle([]event{
		upEvent{liar, "10.0.0.7:7946", membership.WireVersion, true}, upEvent{honest, "10.0.0.8:7946", membership.WireVersion, true},
	})
	for i := range uint64(100) {
		n.handleAck(note{from: liar, subject: n.id, boot: membership.Boot{Number: 9, ID: i}})
	}
	n.handleAck(note{from: honest, subject: n.id, boot: membership.Boot{Number: 9, ID: 1000}})
	if _, asked := n.name.asks.Find("honest"); !asked || !n.name.mayAsk("honest") {
		t.Error("it is not asked")
	}
	if n.name.mayAsk("liar") {
		t.Error("the liar is asked each time")
	}
}
