package endpoint

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/membership"
)

// Services that came and went leave nothing behind. One that is back is called as ever.
func TestTransportReleasesServicesThatAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		transport := &Transport{View: town.View(), Base: new(internet)}
		offer := func(service string) {
			town.edit("a",
				func(r *membership.Record) { r.Services = []membership.Service{{Name: service, Address: "a:80"}} })
		}
		call := func(service string) {
			if _, err := ask(t, transport, http.MethodGet, "http://"+service+"/", nil); err != nil {
				t.Errorf("%s: %v", service, err)
			}
		}
		offer("last")
		call("last")
		before := runtime.NumGoroutine()
		for i := range 200 {
			service := fmt.Sprint("s", i)
			offer(service)
			call(service)
		}
		offer("last")
		call("last")
		synctest.Wait()
		if got := len(transport.services); got != 1 {
			t.Errorf("%d services are known, want 1", got)
		}
		if got := runtime.NumGoroutine(); got > before+5 { // those of other tests end, too
			t.Errorf("%d goroutines, want %d", got, before)
		}
		transport.Close()
	})
}

// A service that goes while it is called is released after the call.
func TestTransportReleasesAfterACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		leaves := roundTripper(func(r *http.Request) (*http.Response, error) {
			town.leave("a")
			synctest.Wait()
			return nil, errBroken
		})
		transport := &Transport{View: town.View(), Base: leaves}
		ask(t, transport, http.MethodGet, "http://users/", nil)
		synctest.Wait()
		if got := len(transport.services); got != 0 {
			t.Errorf("%d services are known, want none", got)
		}
		transport.Close()
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
