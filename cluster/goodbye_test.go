package cluster

import (
	"testing"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestNobodyWaitsForTheGone has memberlist take a member for alive that has said goodbye, before or after.
func TestNobodyWaitsForTheGone(t *testing.T) {
	active, left := recordOf("a"), recordOf("a")
	left.Version, left.State = active.Version+1, membership.Left
	up := upEvent{identityOf(active), "10.0.0.7:7946", membership.WireVersion, false}
	down := downEvent{id: identityOf(active)}
	told := func(r membership.Record) event {
		return pushEvent{record: r}
	}
	reborn := upEvent{identity{"a", 7}, "10.0.0.7:7946", membership.WireVersion, false}
	for name, tt := range map[string]struct {
		events []event
		waits  int
	}{
		"while it lives":         {[]event{up, told(active)}, 1},
		"once it has left":       {[]event{up, told(left)}, 0},
		"when it comes late":     {[]event{told(left), up}, 0},
		"when it is taken again": {[]event{up, told(left), down, up}, 0},
		"when it restarted":      {[]event{up, told(left), reborn}, 1},
	} {
		n := idleNode(t, zerolog.Nop())
		for _, e := range tt.events {
			n.handle([]event{e})
		}
		if names, _ := n.push.behind(1); len(names) != tt.waits {
			t.Errorf("%s: a drain waits for %v, want %d", name, names, tt.waits)
		}
		n.push.begin(2)
		if due, _ := n.push.takeDue(2); len(due) != tt.waits {
			t.Errorf("%s: %d peers are pushed to, want %d", name, len(due), tt.waits)
		}
	}
}
