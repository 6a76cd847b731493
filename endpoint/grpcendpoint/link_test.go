package grpcendpoint

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// An instance that refused for long is connected to at once, however long gRPC would wait, when news
// of it come. Without news gRPC's time counts.
func TestNewsCutTheBackOffShort(t *testing.T) {
	for name, tt := range map[string]struct {
		news  func(*town)
		calls bool
	}{
		"a new boot": {func(town *town) { town.join("a", membership.Service{}) }, true},
		"heard again": {func(town *town) {
			town.Apply(membership.Suspected{Name: "a", BootID: 1})
			settle()
			town.serve("a")
			town.Apply(membership.Up{Name: "a", BootID: 1})
		}, true},
		"listed again": {func(town *town) {
			town.rename("a")
			settle()
			town.serve("a")
			town.edit("a", func(r *membership.Record) { r.Services[0].Name = "users" })
		}, true},
		"no news": {func(town *town) { town.serve("a") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town := newTown(t, "a")
				client := town.client(t, balancer.RoundRobin())
				call(t, client)
				town.kill("a")
				time.Sleep(20 * time.Minute) // the time between two attempts is about 2 minutes by now
				town.waitForAttempt(t)
				time.Sleep(time.Second)
				tt.news(town)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				time.Sleep(100 * time.Millisecond)
				_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
				if (err == nil) != tt.calls {
					t.Errorf("a call one second later: %v, want that it is answered: %t", err, tt.calls)
				}
			})
		})
	}
}

// waitForAttempt returns when gRPC has just tried to connect.
func (town *town) waitForAttempt(t *testing.T) {
	before := town.dials.Load()
	for range 200 {
		if time.Sleep(time.Second); town.dials.Load() > before {
			return
		}
	}
	t.Fatal("gRPC does not try again")
}

// RPCs in flight end on the connection to the boot that they were sent to.
func TestNewBootLeavesCallsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a")
		town.answer = func(context.Context, string) error { time.Sleep(5 * time.Second); return nil }
		client := town.client(t, balancer.RoundRobin())
		done := make(chan error, 1)
		go func() { done <- call(t, client) }()
		settle()
		town.edit("a", func(r *membership.Record) { r.Boot, r.Version = membership.Boot{Number: 9, ID: 9}, 1 })
		town.Apply(membership.Up{Name: "a", BootID: 9})
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
