package cluster

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// TestOutcome says what a look that had no answer proves.
func TestOutcome(t *testing.T) {
	others := []Address{{Name: "b@1"}}
	for name, tt := range map[string]struct {
		asked  int32
		others []Address
		heard  string // the parts of the look in which another answered
		system bool   // that of the member answered
		want   verdict
	}{
		"nobody answers":                  {lookAsks, others, "", false, blind},
		"nobody but the system":           {lookAsks, others, "", true, blind},
		"others answer at first":          {lookAsks, others, "0", false, blind},
		"others answer again at the end":  {lookAsks, others, "02", false, blind},
		"others answer all the time":      {lookAsks, others, "012", false, absent},
		"others and its system answer":    {lookAsks, others, "012", true, silent},
		"it was not asked often enough":   {lookAsks - 1, others, "012", false, blind},
		"there are no others":             {lookAsks, nil, "", false, silent},
		"no others, and not asked enough": {lookAsks / 2, nil, "", false, blind},
	} {
		t.Run(name, func(t *testing.T) {
			q := &inquiry{others: tt.others}
			q.asked.Store(tt.asked)
			q.system.Store(tt.system)
			for _, part := range tt.heard {
				q.heard[part-'0'].Store(true)
			}
			if got := q.outcome(); got != tt.want {
				t.Errorf("outcome %v, want %v", got, tt.want)
			}
		})
	}
}

// TestHearsWhileItLasts has another answer in the first part of a look: that will do until the second is over.
func TestHearsWhileItLasts(t *testing.T) {
	q := &inquiry{others: []Address{{Name: "b@1"}}}
	hears := func(asked int32, want bool) {
		t.Helper()
		if q.asked.Store(asked); q.hears() != want {
			t.Errorf("after %d questions hears = %v, want %v", asked, !want, want)
		}
	}
	hears(tellAt, false)
	q.heard[0].Store(true)
	hears(tellAt, true)
	hears(doubtAt, true)
	hears(lookAsks, false)
}

// TestAccusersAreForgotten holds that an accusation counts for a short time, and that nobody confirms its own.
func TestAccusersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNode(t, zerolog.Nop())
		n.closed = true // nothing looks
		a, b := identity{"a", 1}, identity{"b", 1}
		counts := func(want int) {
			t.Helper()
			if got := n.watch.accusers(a); len(got) != want {
				t.Errorf("accused by %v, want %d", got, want)
			}
		}
		n.watch.accusedBy(note{from: b, subject: a})
		counts(0) // by one that does not live
		n.push.add(b, "10.0.0.2:7946", 1)
		n.push.add(a, "10.0.0.3:7946", 1)
		n.watch.accusedBy(note{from: a, subject: a})
		counts(0)
		n.watch.accusedBy(note{from: b, subject: a})
		n.watch.accusedBy(note{from: b, subject: a})
		counts(1)
		time.Sleep(accusedFor + 1)
		counts(0)
		n.watch.accusedBy(note{from: b, subject: a})
		counts(1)
		n.watch.acquit(a)
		counts(0)
		for boot := range uint64(2 * mostAccusers) {
			c := identity{"c", boot}
			n.push.add(c, "10.0.0.4:7946", 1)
			n.watch.accusedBy(note{from: c, subject: a})
		}
		counts(mostAccusers)
		n.cancel()
		n.list.Shutdown()
		time.Sleep(time.Minute) // for memberlist
	})
}

// TestTwoTell holds that a member leaves it to two others to tell everybody of one, while they do.
func TestTwoTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNode(t, zerolog.Nop())
		n.closed = true // nothing looks
		gone := identity{"gone", 1}
		n.push.add(gone, "10.0.0.1:7946", 1)
		hears := func(name string, version uint64, leaves bool) {
			t.Helper()
			from := identity{name, 1}
			n.push.add(from, "10.0.0.2:7946", 1)
			if n.watch.accusedBy(note{from: from, subject: gone, version: version}); n.watch.leaves(gone) != leaves {
				t.Errorf("after it has heard %s tell, it leaves it to others: %v, want %v", name, !leaves, leaves)
			}
		}
		hears("a5", tellsAll, false)
		hears("a5", tellsAll, false)
		hears("zz", tellsAll, false) // whose name comes after its own
		hears("a0", 0, false)        // who only confirms
		hears("a9", tellsAll, true)
		time.Sleep(tellingFor)
		hears("a1", tellsAll, true)
		hears("a5", tellsAll, true)
		time.Sleep(time.Nanosecond) // and it has heard a9 too long ago, which comes after these
		hears("zz", tellsAll, true)
		time.Sleep(tellingFor)
		hears("zz", tellsAll, false) // the two have ended
		n.cancel()
		n.list.Shutdown()
		time.Sleep(time.Minute) // for memberlist
	})
}

// TestSilentFor holds that a sign of life, or a time in which it may have given one, begins the silence anew.
func TestSilentFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, a := newWatch(nil), identity{"a", 1}
		is := func(since time.Time, want time.Duration) {
			t.Helper()
			if got := w.silentFor(a, since); got != want {
				t.Errorf("silent for %v, want %v", got, want)
			}
		}
		is(time.Time{}, 0)
		w.note(a)
		time.Sleep(3 * time.Second)
		w.note(a)
		is(time.Time{}, 3*time.Second)
		is(time.Now().Add(-time.Second), time.Second)
		w.clear(a)
		is(time.Time{}, 0)
		w.note(a)
		time.Sleep(time.Second)
		is(time.Time{}, time.Second)
	})
}
