package cluster

import (
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestFault58_WhoHasForgotten holds which heads of a peer show that it has forgotten this member:
// those that cover its name and lack it, and no others. A peer that has not confirmed anything yet
// is being told anyway.
func TestFault58_WhoHasForgotten(t *testing.T) {
	peer := identity{"a", 1}
	for name, tt := range map[string]struct {
		heads     headsMessage
		joins     bool
		confirmed uint64
		want      bool
		left      bool
	}{
		"all, without it":              {headsMessage{asks: true}, false, 7, true, false},
		"all on a join, without it":    {headsMessage{}, true, 7, true, false},
		"all, of a newcomer":           {headsMessage{}, true, 0, false, false},
		"a range around its name":      {headsMessage{asks: true, first: "s", last: "t"}, false, 7, true, false},
		"a range that begins with it":  {headsMessage{asks: true, first: "self", last: "t"}, false, 7, true, false},
		"a range that ends with it":    {headsMessage{asks: true, first: "a", last: "self"}, false, 7, true, false},
		"a range before its name":      {headsMessage{asks: true, first: "a", last: "sel"}, false, 7, false, false},
		"a range behind its name":      {headsMessage{asks: true, first: "self0"}, false, 7, false, false},
		"only what this member lacks":  {headsMessage{}, false, 7, false, false},
		"all, with it":                 {headsMessage{asks: true, heads: make([]membership.Head, 1)}, false, 7, false, false},
		"all, it left as far as known": {headsMessage{asks: true}, false, 7, false, true},
	} {
		n := idleNode(t, zerolog.Nop())
		n.own.Boot.Number, n.own.Version = 5, 7
		n.handle([]event{upEvent{peer, "10.0.0.7:7946", membership.WireVersion, true}})
		n.push.begin(7)
		_, _ = n.push.takeDue(7)
		if tt.confirmed > 0 {
			n.push.acked(peer, tt.confirmed)
		}
		n.push.peers[peer].left = tt.left
		for i := range tt.heads.heads {
			tt.heads.heads[i] = membership.Head{Name: "self", Boot: n.own.Boot, Version: 7, Form: membership.WireVersion}
		}
		tt.heads.from = peer
		n.handle([]event{headsEvent{tt.heads, tt.joins}})
		if due, _ := n.push.takeDue(7); (len(due) == 1) != tt.want {
			t.Errorf("%s: %d peers are sent the record again", name, len(due))
		}
	}
}

// TestFault58_CorrectedOnceASecond has heads that were under way say again what was mended meanwhile.
func TestFault58_CorrectedOnceASecond(t *testing.T) {
	peer := identity{"a", 1}
	n := idleNode(t, zerolog.Nop())
	n.handle([]event{upEvent{peer, "10.0.0.7:7946", membership.WireVersion, true}})
	n.push.begin(7)
	sent := 0
	_, _ = n.push.takeDue(7)
	for range 10 {
		n.push.acked(peer, 7)
		n.handle([]event{headsEvent{headsMessage{from: peer, asks: true}, false}})
		due, _ := n.push.takeDue(7)
		sent += len(due)
	}
	if sent != 1 {
		t.Errorf("its record is sent again %d times", sent)
	}
}

// TestFault58_TheForgottenIsAsked has a peer tell of itself of which this member has no record, or
// only the head: it is asked for it. One that joins is not, as it may not have its name yet.
func TestFault58_TheForgottenIsAsked(t *testing.T) {
	peer := identity{"a", 0xc0ffee}
	head := membership.Head{Name: "a", Boot: membership.Boot{Number: 1, ID: peer.boot}, Version: 7, Form: membership.WireVersion}
	tombstone := head
	tombstone.Gone, tombstone.Form = time.Minute, 0
	for name, tt := range map[string]struct {
		known []event
		joins bool
		want  bool
	}{
		"forgotten":      {nil, false, true},
		"only its head":  {[]event{headsEvent{headsMessage{from: peer, heads: []membership.Head{tombstone}}, false}}, false, true},
		"known":          {[]event{pushEvent{record: recordOf("a")}}, false, false},
		"a newcomer":     {nil, true, false},
		"told by itself": {[]event{recordsEvent{recordsMessage{peer, []membership.Heard{{Record: recordOf("a")}}}}}, false, false},
	} {
		n := idleNode(t, zerolog.Nop())
		n.handle(append(tt.known, upEvent{peer, "10.0.0.7:7946", membership.WireVersion, true}))
		wanted := n.repair.want(headsEvent{headsMessage{from: peer, asks: true, heads: []membership.Head{head}}, tt.joins})
		if slices.Contains(wanted, "a") != tt.want {
			t.Errorf("%s: it is asked for %q", name, wanted)
		}
	}
}

// TestRecordOfAnUnsettledName holds that nobody is sent the record of a member whose name is not settled.
func TestRecordOfAnUnsettledName(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	if names := n.repair.mayServe([]string{"a", "self"}); !slices.Equal(names, []string{"a"}) {
		t.Errorf("before: %q", names)
	}
	n.name.synced()
	if names := n.repair.mayServe([]string{"a", "self"}); !slices.Equal(names, []string{"a", "self"}) {
		t.Errorf("after: %q", names)
	}
}

// TestContradictedGoodbye has another member tell of a goodbye of a peer while that peer was lost. Once the peer is back and
// contradicts, it is sent updates again.
func TestContradictedGoodbye(t *testing.T) {
	peer := identityOf(recordOf("a"))
	goodbye, again := recordOf("a"), recordOf("a")
	goodbye.State, goodbye.Version, again.Version = membership.Left, 8, 9
	n := idleNode(t, zerolog.Nop())
	n.push.begin(7)
	n.handle([]event{pushEvent{record: recordOf("a")}, upEvent{peer, "10.0.0.7:7946", membership.WireVersion, true}})
	n.handle([]event{downEvent{id: peer, finding: lookedAt}})
	n.handle([]event{recordsEvent{recordsMessage{identity{"b", 1}, []membership.Heard{{Record: goodbye}}}}})
	n.handle([]event{upEvent{peer, "10.0.0.7:7946", membership.WireVersion, false}})
	if behind, _ := n.push.behind(7); len(behind) > 0 {
		t.Errorf("it waits for %v", behind)
	}
	n.handle([]event{pushEvent{record: again}})
	if behind, _ := n.push.behind(7); !slices.Equal(behind, []identity{peer}) {
		t.Errorf("once it contradicts, it waits for %v", behind)
	}
	if due, _ := n.push.takeDue(7); len(due) != 1 {
		t.Errorf("once it contradicts, %d are sent the record", len(due))
	}
}
