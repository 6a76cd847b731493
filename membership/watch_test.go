package membership

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchYieldsCurrentThenLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if Watch waits although there is something new
		a, b := member("a"), member("b")
		s := storeOf()
		watched, stop := iter.Pull(s.View().Watch(t.Context()))
		defer stop()
		for _, changes := range [][]Change{nil, alive(a), alive(b, next(a, Draining)), {heard(next(b, Left)), down(b)}} {
			for _, change := range changes { // several snapshots, of which the last counts
				s.Apply(change)
			}
			if got, ok := watched(); !ok || got != s.View().Snapshot() {
				t.Errorf("Watch yields version %d, %v, want %d", got.Version(), ok, s.View().Snapshot().Version())
			}
		}
	})
}

func TestWatchWaitsForAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storeOf()
		seen := 0
		go func() {
			for range s.View().Watch(t.Context()) {
				seen++
			}
		}()
		for want := range 5 {
			synctest.Wait()
			if seen != want+1 {
				t.Errorf("woken %d times after %d changes", seen, want)
			}
			s.Apply(alive(member(fmt.Sprintf("m%d", want)))...)
			s.Apply() // nothing new
		}
	})
}

func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // virtual
		defer cancel()
		seen := 0
		for range storeOf().View().Watch(ctx) {
			if seen++; seen > 1 {
				t.Fatal("Watch yields although nothing changed")
			}
		}
		if ctx.Err() == nil || seen != 1 {
			t.Errorf("Watch ended after %d snapshots, its context being %v", seen, ctx.Err())
		}
		for range storeOf().View().Watch(ctx) {
			t.Fatal("Watch yields although its context is done")
		}
	})
}

func TestFault33_WatcherThatNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if Apply waits for the watcher
		s := storeOf()
		release := make(chan struct{})
		var seen []uint64
		go func() {
			for snapshot := range s.View().Watch(t.Context()) {
				seen = append(seen, snapshot.Version())
				<-release
			}
		}()
		synctest.Wait()
		first := s.View().Snapshot().Version()
		for _, r := range crowd(100) {
			s.Apply(alive(r)...)
		}
		latest := s.View().Snapshot().Version()
		if got := len(s.View().Snapshot().Instances("users")); got != 100 {
			t.Errorf("%d instances while a watcher sleeps, want 100", got)
		}
		close(release)
		synctest.Wait()
		if len(seen) != 2 || seen[0] != first || seen[1] != latest {
			t.Errorf("the watcher saw versions %d, want the first, %d, and the latest, %d", seen, first, latest)
		}
	})
}

// TestHold has somebody hold on to what it was told while it goes on to follow the view.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storeOf(member("a"))
		view := s.View()
		release := view.Hold()
		s.Apply(heard(next(member("a"), Draining)))
		time.AfterFunc(time.Minute, release)
		began := time.Now()
		if err := view.Settled(t.Context()); err != nil || time.Since(began) != time.Minute {
			t.Errorf("settled after %v, %v", time.Since(began), err)
		}
		release()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		defer view.Hold()()
		if err := view.Settled(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("held: %v", err)
		}
	})
}
