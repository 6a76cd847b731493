package membership

import (
	"iter"
	"testing"
	"testing/synctest"
	"time"
)

// TestFollowDoesNotCountForSettled has an observer of each kind sleep for a minute: Settled waits for
// the one that is in a Watch.
func TestFollowDoesNotCountForSettled(t *testing.T) {
	for name, tt := range map[string]struct {
		observe func(*View, *testing.T) iter.Seq[*Snapshot]
		want    time.Duration
	}{
		"Follow": {func(v *View, t *testing.T) iter.Seq[*Snapshot] { return v.Follow(t.Context()) }, 0},
		"Watch":  {func(v *View, t *testing.T) iter.Seq[*Snapshot] { return v.Watch(t.Context()) }, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := storeOf()
				go func() {
					for range tt.observe(s.View(), t) {
						time.Sleep(time.Minute)
					}
				}()
				time.Sleep(time.Hour) // it waits for a change
				s.Apply(alive(member("a"))...)
				began := time.Now()
				if err := s.View().Settled(t.Context()); err != nil || time.Since(began) != tt.want {
					t.Errorf("settled after %v, %v, want %v", time.Since(began), err, tt.want)
				}
			})
		})
	}
}

// TestFollowYieldsCurrentThenLatest has several changes between two reads.
func TestFollowYieldsCurrentThenLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storeOf()
		followed, stop := iter.Pull(s.View().Follow(t.Context()))
		defer stop()
		for _, changes := range [][]Change{nil, alive(member("a")), append(alive(member("b")), alive(member("c"))...)} {
			for _, change := range changes {
				s.Apply(change)
			}
			if got, ok := followed(); !ok || got != s.View().Snapshot() {
				t.Errorf("Follow yields version %d, %v, want %d", got.Version(), ok, s.View().Snapshot().Version())
			}
		}
	})
}
