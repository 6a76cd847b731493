package endpoint

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/log"

	"github.com/grapevine-go/grapevine/membership"
)

var isolated = membership.ErrIsolated.Error()

func TestIsolationIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a", "b")
		_, events := registered(t, town)
		checkWaiting(t, events, "[a:80 b:80]")
		town.lose("a", "b")
		checkWaiting(t, events, isolated) // and no list: it stays
		town.edit("me", func(r *membership.Record) { r.Zone = "z" })
		checkWaiting(t, events)
		town.find("a", "b")
		checkWaiting(t, events, "[a:80 b:80]")
	})
}

// Without a list kit would go on to report the error.
func TestEndOfIsolationIsSentEvenIfTheListIsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		_, events := registered(t, town)
		checkWaiting(t, events, "[a:80]")
		for range 3 {
			town.lose("a")
			checkWaiting(t, events, isolated)
			town.find("a")
			checkWaiting(t, events, "[a:80]")
		}
	})
}

// A list makes kit forget the error, so that it must be told again.
func TestListWhileIsolatedIsFollowedByTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a", "b")
		instancer, events := registered(t, town)
		checkWaiting(t, events, "[a:80 b:80]")
		town.lose("a")
		checkWaiting(t, events, "[b:80]")
		town.lose("b") // which brings back the one lost before
		checkWaiting(t, events, "[a:80 b:80]", isolated)
		town.edit("me", func(r *membership.Record) {
			r.Services = []membership.Service{{Name: "users", Address: "me:80"}}
		})
		checkWaiting(t, events, "[a:80 b:80 me:80]", isolated)

		late := make(chan sd.Event)
		instancer.Register(late)
		checkWaiting(t, late, "[a:80 b:80 me:80]", isolated)
	})
}

func TestInvalidateOnErrorWhileIsolated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a", "b"), newServers()
		instancer := NewInstancer(town.View(), "users")
		defer instancer.Stop()
		patient := sd.NewEndpointer(instancer, newServers().factory, log.NewNopLogger())
		defer patient.Close()
		strict := sd.NewEndpointer(instancer, users.factory, log.NewNopLogger(), sd.InvalidateOnError(time.Minute))
		defer strict.Close()
		check := func(e sd.Endpointer, want int, wantErr error) {
			t.Helper()
			synctest.Wait()
			if endpoints, err := e.Endpoints(); len(endpoints) != want || !errors.Is(err, wantErr) {
				t.Errorf("%d endpoints, %v, want %d, %v", len(endpoints), err, want, wantErr)
			}
		}
		check(strict, 2, nil)
		town.lose("a", "b")
		synctest.Wait()
		time.Sleep(time.Minute - 1)
		check(strict, 2, nil)
		time.Sleep(time.Nanosecond)
		check(strict, 0, membership.ErrIsolated)
		check(patient, 2, nil)
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1, "b:80": 1})

		town.find("a", "b")
		check(strict, 2, nil)
		time.Sleep(time.Hour)
		check(strict, 2, nil)
	})
}
