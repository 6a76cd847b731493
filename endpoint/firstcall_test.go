package endpoint

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/go-kit/log"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// What is known at construction can be called when the constructor returns, without waiting: 500
// times of 500. Go kit's own endpointer is filled by a goroutine of its own; what can be done for
// it here has it miss none but on a machine that is overloaded.
func TestFirstCall(t *testing.T) {
	const trials = 500
	users := newServers()
	missed := make(map[string]int)
	miss := func(what string, err error) {
		if err != nil {
			missed[what]++
		}
	}
	for range trials {
		view := newTown("a", "b", "c").View()
		instancer := NewInstancer(view, "users")
		stock := sd.NewEndpointer(instancer, users.factory, log.NewNopLogger())
		all, _ := stock.Endpoints()
		if len(all) != 3 {
			missed["Go kit's endpointer"]++
		}
		_, err := lb.NewRoundRobin(stock).Endpoint()
		miss("Go kit's balancer", err)
		e := NewEndpointer(view, "users", users.factory)
		if all, _ := e.Endpoints(); len(all) != 3 {
			missed["NewEndpointer"]++
		}
		b := NewBalancer(e, balancer.LeastRequest())
		_, err = b.Endpoint()
		miss("NewBalancer", err)
		_, err = Retry(b, MaxAttempts(1))(t.Context(), nil)
		miss("Retry", err)
		transport := &Transport{View: view, Base: new(internet), RetryOptions: []RetryOption{MaxAttempts(1)}}
		_, err = ask(t, transport, http.MethodGet, "http://users/", nil)
		miss("Transport", err)
		transport.Close()
		e.Close()
		stock.Close()
		instancer.Stop()
	}
	for _, stock := range []string{"Go kit's endpointer", "Go kit's balancer"} {
		if missed[stock] <= trials/100 {
			delete(missed, stock)
		}
	}
	if len(missed) > 0 {
		t.Errorf("of %d first calls without an endpoint: %v", trials, missed)
	}
}

// A factory that takes long holds up the constructor for a second at most, and one that fails not
// at all.
func TestConstructorsWaitForFactories(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration
		err   error
		want  time.Duration
	}{
		"some time": {300 * time.Millisecond, nil, 300 * time.Millisecond},
		"too long":  {time.Minute, nil, firstInstances},
		"fails":     {0, errBroken, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				began := time.Now()
				e := NewEndpointer(newTown("a", "b").View(), "users", func(address string) (Endpoint, io.Closer, error) {
					if address == "a:80" {
						time.Sleep(tt.takes)
						if tt.err != nil {
							return nil, nil, tt.err
						}
					}
					return users.factory(address)
				})
				if took := time.Since(began); took != tt.want {
					t.Errorf("NewEndpointer took %v, want %v", took, tt.want)
				}
				if all, _ := e.Endpoints(); len(all) == 0 {
					t.Error("b cannot be called")
				}
				e.Close()
			})
		})
	}
}

// A new boot is a new instance: the back-off of the one before is not waited out. A change of
// metadata is none.
func TestFactoryIsTriedAtOnceForANewBoot(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*town)
		runs   int
	}{
		"other metadata": {
			func(town *town) { town.edit("a", func(r *membership.Record) { r.Services[0].Weight = 7 }) }, 0},
		"a new boot": {func(town *town) { town.join("a") }, 1},
		"another member at the address": {func(town *town) {
			record := membership.Record{Name: "A", Boot: membership.Boot{Number: 1, ID: 99}, Version: 1}
			record.Services = []membership.Service{{Name: "users", Address: "a:80"}}
			town.Apply(membership.Heard{Record: record}, membership.Up{Name: "A", BootID: 99})
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users := newTown("a"), &faulty{servers: newServers(), failure: broken, until: 1000}
				endpointerOf(t, town, users.factory)
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				before := users.ran()
				tt.change(town)
				synctest.Wait()
				if got := users.ran() - before; got != tt.runs {
					t.Errorf("the factory runs %d times at once, want %d", got, tt.runs)
				}
				if tt.runs == 0 {
					return
				}
				time.Sleep(firstReconnect)
				synctest.Wait()
				if got := users.ran() - before; got != 2 {
					t.Errorf("the factory runs %d times within %v, want a back-off that begins anew", got, firstReconnect)
				}
			})
		})
	}
}
