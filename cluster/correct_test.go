package cluster

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestWhoIsCorrected holds to whom this member sends its record again: to a peer that confirmed it, and turns out to know an
// older boot or version, or to take it for dead.
func TestWhoIsCorrected(t *testing.T) {
	peer := identity{"a", 1}
	for name, tt := range map[string]struct {
		head func(own *membership.Head)
		want bool
	}{
		"knows it":                {func(*membership.Head) {}, false},
		"knows an older boot":     {func(h *membership.Head) { h.Boot.Number, h.Boot.ID = 0, 1 }, true},
		"knows an older version":  {func(h *membership.Head) { h.Version-- }, true},
		"takes it for dead":       {func(h *membership.Head) { h.Gone = time.Second }, true},
		"tells of another member": {func(h *membership.Head) { h.Name, h.Gone = "b", time.Second }, false},
	} {
		n := idleNode(t, zerolog.Nop())
		n.closed = true // nothing is introduced
		n.own.Boot.Number, n.own.Version = 5, 7
		n.handle([]event{upEvent{peer, "10.0.0.7:7946", membership.WireVersion, true}})
		n.push.begin(7)
		_, _ = n.push.takeDue(7)
		n.push.acked(peer, 7)
		own := n.record()
		head := membership.Head{Name: own.Name, Boot: own.Boot, Version: own.Version}
		tt.head(&head)
		n.handle([]event{headsEvent{headsMessage{from: peer, heads: []membership.Head{head}}, false}})
		if due, _ := n.push.takeDue(7); (len(due) == 1) != tt.want {
			t.Errorf("a peer that %s: %d are sent the record again", name, len(due))
		}
	}
}
