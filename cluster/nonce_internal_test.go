package cluster

import (
	"testing"

	"github.com/rs/zerolog"
)

// TestFault52_AnswersRepeatTheNonce has a member and a control peer answer a look: with its nonce, with that of another
// look, and without one, as an older release does.
func TestFault52_AnswersRepeatTheNonce(t *testing.T) {
	target, control := identity{"target", 1}, identity{"control", 2}
	for name, tt := range map[string]struct {
		nonce  func(right uint64) uint64
		wire   byte
		counts bool
	}{
		"right":                        {func(right uint64) uint64 { return right }, 2, true},
		"of another look":              {func(right uint64) uint64 { return right + 1 }, 2, false},
		"of another, older":            {func(right uint64) uint64 { return right + 1 }, 1, false},
		"none":                         {func(uint64) uint64 { return 0 }, 2, false},
		"none, of an older release":    {func(uint64) uint64 { return 0 }, 1, true},
		"none, of a member unheard of": {func(uint64) uint64 { return 0 }, 0, false},
	} {
		for _, from := range []identity{target, control} {
			n := idleNode(t, zerolog.Nop())
			if tt.wire > 0 {
				n.push.add(from, "192.0.2.1:7946", tt.wire)
			}
			q := n.watch.inquire(target, nil)
			q.others = []Address{{Name: control.String()}}
			n.watch.answered(note{from: from, subject: target, version: tt.nonce(q.nonce)})
			heard := q.heard[0].Load()
			if from == target {
				heard = len(q.answers) == 1
			}
			if heard != tt.counts {
				t.Errorf("%s, from %s: it counts: %v", name, from.name, heard)
			}
			if q.nonce == 0 || q.nonce >= 1<<62 {
				t.Errorf("the nonce is %d, want 1 to 2^62-1", q.nonce)
			}
		}
	}
}

// TestFault52_RelaysAreHearsay has a relay say that a member answered it: this node probes the member itself.
func TestFault52_RelaysAreHearsay(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	known := identity{"known", 1}
	n.push.add(known, "192.0.2.1:7946", 2)
	for id, probed := range map[identity]bool{known: true, {"unknown", 1}: false} {
		n.heardByRelay(id.String())
		n.watch.mu.Lock()
		under := n.watch.under[id]
		n.watch.mu.Unlock()
		if under != probed {
			t.Errorf("%s is probed: %v", id, under)
		}
		if _, alive := n.alive(id.String()); alive != probed {
			t.Errorf("%s is alive: %v", id, alive)
		}
	}
}
