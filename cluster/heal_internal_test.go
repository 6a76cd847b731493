package cluster

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestHealer(t *testing.T) {
	old, address := identity{"m2", 1}, "10.0.0.2:7946"
	for name, back := range map[string]struct {
		id      identity
		address string
		want    bool // whether m2 is still looked for
	}{
		"itself":                  {old, address, false},
		"itself elsewhere":        {old, "10.0.0.9:7946", false},
		"a newer boot":            {identity{"m2", 2}, "10.0.0.9:7946", false},
		"another at its address":  {identity{"m3", 1}, address, false},
		"somebody else somewhere": {identity{"m3", 1}, "10.0.0.9:7946", true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHealer(nil)
			h.miss(old, address)
			if _, got, ok := h.pick(); !ok || got != address {
				t.Fatalf("looks for %q, %v, want %q", got, ok, address)
			}
			h.found(back.id, back.address)
			if _, _, ok := h.pick(); ok != back.want {
				t.Errorf("still looked for: %v, want %v", ok, back.want)
			}
		})
	}
}

func TestHealerForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealer(nil)
		h.miss(identity{"m2", 1}, "10.0.0.2:7946")
		time.Sleep(24 * time.Hour)
		if _, _, ok := h.pick(); !ok {
			t.Error("a member beyond a cut of a day is not looked for")
		}
		time.Sleep(2 * time.Hour)
		if _, address, ok := h.pick(); ok {
			t.Errorf("looks for %s after more than a day", address)
		}
	})
}

func TestHealerIsBounded(t *testing.T) {
	h := newHealer(nil)
	for i := range 2 * mostLost {
		h.miss(identity{fmt.Sprintf("m%d", i), 1}, "10.0.0.2:7946")
	}
	if len(h.lost) != mostLost {
		t.Errorf("looks for %d members, want %d", len(h.lost), mostLost)
	}
}
