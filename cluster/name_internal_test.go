package cluster

import (
	"errors"
	"testing"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestFault16_DeadBootsDecideNothing has a node hear of two boots of its name, of which the newer
// is dead and the older lives.
func TestFault16_DeadBootsDecideNothing(t *testing.T) {
	newer, older := rival{2, "10.0.0.2:7946"}, rival{1, "10.0.0.1:7946"}
	for name, tt := range map[string]struct {
		order    []rival
		verdicts map[rival]verdict
		taken    bool
	}{
		"the dead one is found first":   {[]rival{newer, older}, map[rival]verdict{newer: dead, older: alive}, true},
		"the living one is found first": {[]rival{older, newer}, map[rival]verdict{newer: dead, older: alive}, true},
		"both are dead":                 {[]rival{newer, older}, map[rival]verdict{newer: dead, older: dead}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := idleNode(t, zerolog.Nop()).name
			c.rivals[newer], c.rivals[older] = true, true
			c.highest = 7
			c.decide(tt.order[0], tt.verdicts[tt.order[0]], tt.order[0].address)
			c.synced()
			if c.mayPush() {
				t.Error("it takes the name while a rival is challenged")
			}
			c.decide(tt.order[1], tt.verdicts[tt.order[1]], tt.order[1].address)
			var taken *NameTakenError
			if got := errors.As(c.failure(), &taken); got != tt.taken || got && taken.Address != older.address {
				t.Errorf("the claim ends with %v", c.failure())
			}
			if number := c.node.record().Boot.Number; c.mayPush() == tt.taken || !tt.taken && number != 8 {
				t.Errorf("it may push: %t, as boot number %d", c.mayPush(), number)
			}
		})
	}
}

// TestManyRivals bounds what a peer that makes up boots can have a node challenge.
func TestManyRivals(t *testing.T) {
	c := idleNode(t, zerolog.Nop()).name
	c.mu.Lock()
	for i := range mostRivals {
		c.rivals[rival{uint64(i + 1), ""}] = true
	}
	c.mu.Unlock()
	c.heard(membership.Boot{Number: 9, ID: 1 << 40}, "")
	if c.mu.Lock(); len(c.rivals) != mostRivals {
		t.Errorf("%d rivals", len(c.rivals))
	}
	c.mu.Unlock()
}
