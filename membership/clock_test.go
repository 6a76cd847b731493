package membership

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

const year = 365 * 24 * time.Hour

// When a record arrives, by whatever clock, decides nothing: only boots and versions do.
func TestFault18_OrderIsNotArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := member("a", users("old:1"))
		changed := next(old, Active)
		changed.Services = []Service{users("changed:1")}
		reborn := restarted(old)
		reborn.Services = []Service{users("reborn:1")}

		s := storeOf(reborn)
		want := picture(s.View().Snapshot())
		for _, late := range []Record{changed, old} {
			time.Sleep(year)
			s.Apply(alive(late)...)
			if got := picture(s.View().Snapshot()); got != want {
				t.Errorf("a year later\n%s\nwant\n%s", got, want)
			}
		}
	})
}

// That its owner says when it started is no clock either: it is said once.
func TestFault18_EncodingReadsNoClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := member("a", users("a:1"))
		r.Started = time.Now()
		today := encode(t, r)
		time.Sleep(year)
		if later := encode(t, r); !bytes.Equal(later, today) {
			t.Errorf("today %x, a year later %x", today, later)
		}
	})
}
