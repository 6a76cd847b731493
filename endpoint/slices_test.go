package endpoint

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/log"

	"github.com/grapevine-go/grapevine/membership"
)

// Go kit's issue 865: kit sorts what it receives, in place.
func TestEachReceiverHasASliceOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a", "b", "c")
		instancer, vandal := registered(t, town)
		victim, late := make(chan sd.Event), make(chan sd.Event)
		instancer.Register(victim)

		spoiled, intact := <-vandal, <-victim
		slices.Reverse(spoiled.Instances)
		spoiled.Instances[0] = "x:80"
		_ = append(spoiled.Instances[:1], "y:80")
		instancer.Register(late)
		for reader, got := range map[string][]string{
			"who received at the same time": intact.Instances,
			"who registered later":          (<-late).Instances,
			"who asks the view":             town.View().Snapshot().Addresses("users"),
		} {
			if want := "[a:80 b:80 c:80]"; fmt.Sprint(got) != want {
				t.Errorf("%s sees %q, want %s", reader, got, want)
			}
		}
		town.join("d")
		checkWaiting(t, victim, "[a:80 b:80 c:80 d:80]")
	})
}

// Of two instances with one address kit would forget the first, and never close it.
func TestSharedAddressIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a", "b", "c")
		for _, name := range []string{"b", "c"} {
			town.edit(name, func(r *membership.Record) { r.Services[0].Address = "a:80" })
		}
		instancer, events := registered(t, town)
		checkWaiting(t, events, "[a:80]")

		users := newServers()
		endpointer := sd.NewEndpointer(instancer, users.factory, log.NewNopLogger())
		defer endpointer.Close()
		synctest.Wait()
		users.check(t, "made", users.made, map[string]int{"a:80": 1})
		town.leave("a")
		synctest.Wait()
		users.check(t, "closed", users.closed, nil)
		town.leave("b", "c")
		synctest.Wait()
		users.check(t, "made", users.made, map[string]int{"a:80": 1})
		users.check(t, "closed", users.closed, map[string]int{"a:80": 1})
	})
}
