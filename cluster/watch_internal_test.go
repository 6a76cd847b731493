package cluster

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestLooksAreBounded holds what any number of reports can start: one look at a member at a time, a pause between two,
// and not more than so many in all.
func TestLooksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(nil)
		a := identity{"a", 1}
		begins := func(id identity, want bool) {
			t.Helper()
			if got := w.beginLook(id); got != want {
				t.Errorf("beginLook(%v) = %v, want %v", id, got, want)
			}
		}
		begins(a, true)
		time.Sleep(time.Minute) // it waits for a slot
		begins(a, false)
		w.endLook(a)
		begins(a, false)
		time.Sleep(lookPause)
		for boot := range uint64(mostWaiting) {
			begins(identity{"a", boot}, true)
		}
		begins(identity{"b", 1}, false)
	})
}
