package endpoint

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// settles waits until whoever watches the view has dealt with it, and gives how long that took.
func settles(t *testing.T, town *town) time.Duration {
	t.Helper()
	began := time.Now()
	if err := town.View().Settled(t.Context()); err != nil {
		t.Error(err)
	}
	return time.Since(began)
}

// TestDrainWaitsForCallsThatWerePicked holds that a drain is confirmed once the calls have returned for which the instance was picked
// before: such a call may not have been sent yet, and the server stops as soon as all have confirmed.
func TestDrainWaitsForCallsThatWerePicked(t *testing.T) {
	for name, tt := range map[string]struct{ takes, want time.Duration }{
		"no call":      {0, 0},
		"a short call": {50 * time.Millisecond, 50 * time.Millisecond},
		"a long call":  {time.Hour, callsPatience},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users := newTown("a", "b"), newServers()
				endpointer := endpointerOf(t, town, users.factory)
				call := plain(NewBalancer(endpointer, first))
				users.answer(func(context.Context, any) (any, error) {
					time.Sleep(tt.takes)
					return nil, nil
				}, "a:80")
				if tt.takes > 0 {
					go call(t.Context(), nil)
					synctest.Wait()
				}
				town.edit("a", func(r *membership.Record) { r.State = membership.Draining })
				if took := settles(t, town); took != tt.want {
					t.Errorf("settled after %v, want %v", took, tt.want)
				}
				town.leave("b")
				if took := settles(t, town); took != 0 { // nobody has called it
					t.Errorf("the next change settled after %v", took)
				}
				endpointer.Close()
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// TestClosedEndpointerHoldsNothing has one be closed while a call takes long.
func TestClosedEndpointerHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a"), newServers()
		endpointer := endpointerOf(t, town, users.factory)
		ctx, cancel := context.WithCancel(t.Context())
		users.answer(hang, "a:80")
		go plain(NewBalancer(endpointer, first))(ctx, nil)
		synctest.Wait()
		endpointer.Close()
		if took := settles(t, town); took != 0 {
			t.Errorf("settled after %v", took)
		}
		cancel()
	})
}

// TestLeftIsNotTaken has an instance leave between the moment when it was picked and the call, while another call to it goes on.
func TestLeftIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a"), newServers()
		endpointer := endpointerOf(t, town, users.factory)
		balancer := NewBalancer(endpointer, first)
		picked, token, err := balancer.take(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		town.leave("a")
		synctest.Wait()
		if picked.acquireCurrent() {
			t.Error("one that has left is taken")
		}
		if _, ending := balancer.send(t.Context(), nil, picked, token, inPlace); ending.err != nil {
			t.Errorf("the call that had it: %v", ending.err)
		}
		if _, _, err := balancer.take(t.Context(), nil); err == nil || errors.Is(err, errRetired) {
			t.Errorf("take: %v", err)
		}
	})
}
