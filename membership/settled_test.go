package membership

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"
)

// TestSettled has one watcher that takes a second for a snapshot, and one that has gone.
func TestSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storeOf()
		if err := s.View().Settled(t.Context()); err != nil {
			t.Errorf("without a watcher: %v", err)
		}
		go func() {
			for range s.View().Watch(t.Context()) {
				time.Sleep(time.Second)
			}
		}()
		for range s.View().Watch(t.Context()) {
			break
		}
		time.Sleep(10 * time.Second)
		for i := range 3 {
			s.Apply(alive(member(string(rune('a' + i))))...)
			began := time.Now()
			if err := s.View().Settled(t.Context()); err != nil || time.Since(began) != time.Second {
				t.Errorf("settled after %v, %v, want 1s", time.Since(began), err)
			}
			began = time.Now()
			if err := s.View().Settled(t.Context()); err != nil || time.Since(began) != 0 {
				t.Errorf("settled again after %v, %v", time.Since(began), err)
			}
		}
	})
}

// TestSettledDoesNotWaitForNewer has changes come faster than the watcher can follow.
func TestSettledDoesNotWaitForNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storeOf()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for range s.View().Watch(ctx) {
				time.Sleep(time.Second)
			}
		}()
		a := member("a")
		go func() {
			for ctx.Err() == nil {
				a = next(a, Active)
				s.Apply(alive(a)...)
				time.Sleep(300 * time.Millisecond)
			}
		}()
		time.Sleep(10 * time.Second)
		began := time.Now()
		if err := s.View().Settled(ctx); err != nil || time.Since(began) > 2*time.Second {
			t.Errorf("settled after %v, %v", time.Since(began), err)
		}
		cancel()
		time.Sleep(2 * time.Second)
	})
}

// TestFault33_SettledGivesUp has a watcher that never reads again.
func TestFault33_SettledGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storeOf()
		read, stop := iter.Pull(s.View().Watch(t.Context()))
		read()
		s.Apply(alive(member("a"))...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.View().Settled(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Settled = %v", err)
		}
		stop() // it ends, and with it the waiting for it
		if err := s.View().Settled(t.Context()); err != nil {
			t.Errorf("Settled = %v", err)
		}
	})
}
