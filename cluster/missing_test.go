package cluster

import (
	"fmt"
	"testing"
	"time"
)

func TestFoundIsLookedForNoMore(t *testing.T) {
	old, address, now := identity{"m2", 1}, "10.0.0.2:7946", time.Now()
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
		m := make(missing)
		m.add(old, address, now)
		m.found(back.id, back.address)
		if _, ok := m.due(now.Add(time.Hour)); ok != back.want {
			t.Errorf("%s: still looked for: %v, want %v", name, ok, back.want)
		}
	}
}

// TestFault3_SearchedForEver follows one that is missing for a day: it is dialled every 15 s at least, and not much more often
// than every 5 s.
func TestFault3_SearchedForEver(t *testing.T) {
	for name, tt := range map[string]struct {
		refused     bool
		least, most time.Duration // between two dials, once it has been missing for a minute
	}{"silent": {false, slowSearch / 2, slowSearch * 3 / 2}, "refusing": {true, slowerSearch / 2, slowerSearch * 3 / 2}} {
		m, now := make(missing), time.Now()
		m.add(identity{"m2", 1}, "10.0.0.2:7946", now)
		begin, last, dials := now, now, 0
		for ; now.Sub(begin) < 24*time.Hour; now = now.Add(100 * time.Millisecond) {
			address, ok := m.due(now)
			if !ok {
				continue
			}
			if tt.refused {
				m.refused(address, now)
			}
			if between := now.Sub(last); now.Sub(begin) > time.Minute && (between < tt.least || between > tt.most+100*time.Millisecond) {
				t.Fatalf("%s: dialled after %v, want %v to %v", name, between, tt.least, tt.most)
			}
			last = now
			dials++
		}
		if dials == 0 || now.Sub(last) > tt.most {
			t.Errorf("%s: %d dials in a day, the last %v before its end", name, dials, now.Sub(last))
		}
	}
}

// TestEachIsDialledInTurn has more missing than are dialled within the time that one waits: none is left out.
func TestEachIsDialledInTurn(t *testing.T) {
	m, now := make(missing), time.Now()
	for i := range 100 {
		m.add(identity{fmt.Sprint("m", i), 1}, fmt.Sprint("10.0.0.2:", i), now)
	}
	dialled := make(map[string]int)
	for range 1000 {
		now = now.Add(searchPause)
		if address, ok := m.due(now); ok {
			dialled[address]++
		}
	}
	for address, times := range dialled {
		if times < 8 || times > 12 {
			t.Errorf("%s was dialled %d times, 10 would be its share", address, times)
		}
	}
	if len(dialled) != 100 {
		t.Errorf("%d of 100 were dialled", len(dialled))
	}
}

func TestFault28_MissingIsBounded(t *testing.T) {
	m, now := make(missing), time.Now()
	for i := range 2 * mostMissing {
		m.add(identity{fmt.Sprint("m", i), 1}, fmt.Sprint("10.0.0.2:", i), now.Add(time.Duration(i)))
	}
	if len(m) != mostMissing || m["10.0.0.2:0"] != nil || m[fmt.Sprint("10.0.0.2:", 2*mostMissing-1)] == nil {
		t.Errorf("looks for %d members, want %d, those that were lost last", len(m), mostMissing)
	}
}
