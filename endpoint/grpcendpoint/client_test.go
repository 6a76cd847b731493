package grpcendpoint

import (
	"context"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// settle lets connections be made.
func settle() {
	time.Sleep(time.Second)
	synctest.Wait()
}

func TestCallsGoByThePolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a", "b", "c")
		client := town.client(t, balancer.RoundRobin())
		call(t, client)
		settle()
		if got, want := town.called(t, client, 30), map[string]int{"a:80": 10, "b:80": 10, "c:80": 10}; !maps.Equal(got, want) {
			t.Errorf("called %v, want %v", got, want)
		}
	})
}

func TestWeightsAreFollowedAsTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a", "b")
		client := town.client(t, balancer.WeightedRoundRobin())
		town.edit("a", func(r *membership.Record) { r.Services[0].Weight = 3 * membership.DefaultWeight })
		call(t, client)
		settle()
		if got := town.called(t, client, 400); got["a:80"] < 290 || got["a:80"] > 310 {
			t.Errorf("called %v, want three of four times a", got)
		}
		town.edit("a", func(r *membership.Record) { r.Services[0].Weight = membership.DefaultWeight })
		settle()
		if got := town.called(t, client, 400); got["a:80"] < 190 || got["a:80"] > 210 {
			t.Errorf("called %v, want half of the times a", got)
		}
	})
}

func TestKeysHaveAHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a", "b", "c")
		client := town.client(t, balancer.Maglev())
		call(t, client)
		settle()
		town.called(t, client, 0)
		for range 20 {
			ctx := balancer.WithKey(t.Context(), "user 7")
			if _, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
				t.Fatal(err)
			}
		}
		if got := town.counts(); len(got) != 1 {
			t.Errorf("called %v, want one alone", got)
		}
	})
}

func TestFollowsTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a")
		client := town.client(t, balancer.RoundRobin())
		check := func(when string, want map[string]int) {
			settle()
			if got := town.called(t, client, 4); !maps.Equal(got, want) {
				t.Errorf("%s called %v, want %v", when, got, want)
			}
		}
		check("at first", map[string]int{"a:80": 4})
		town.join("b", membership.Service{})
		check("with b", map[string]int{"a:80": 2, "b:80": 2})
		town.edit("a", func(r *membership.Record) { r.State = membership.Draining })
		check("while a drains", map[string]int{"b:80": 4})
		town.edit("b", func(r *membership.Record) { r.State = membership.Draining })
		check("while all drain", map[string]int{"a:80": 2, "b:80": 2})
	})
}

func TestWithoutInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t)
		client := town.client(t, balancer.RoundRobin())
		_, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		if status.Code(err) != codes.Unavailable {
			t.Errorf("the error is %v, want that it is unavailable", err)
		}
		waited := make(chan error)
		go func() { waited <- call(t, client) }()
		settle()
		town.join("a", membership.Service{})
		if err := <-waited; err != nil {
			t.Errorf("a call that waited fails: %v", err)
		}
	})
}

func TestWhereChooses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a")
		town.join("b", membership.Service{Version: "v2"})
		client := town.client(t, balancer.RoundRobin(), Where(func(i membership.Instance) bool { return i.Version == "v2" }))
		if got := town.called(t, client, 3); got["b:80"] != 3 {
			t.Errorf("called %v, want only b, which is v2", got)
		}
	})
}

// One that fails all the time is ejected; what its statuses say of requests is not held against it.
func TestFailuresEject(t *testing.T) {
	for code, ejects := range map[codes.Code]bool{codes.Internal: true, codes.NotFound: false} {
		synctest.Test(t, func(t *testing.T) {
			town := newTown(t, "a", "b", "c")
			town.answer = func(_ context.Context, address string) error {
				if address == "a:80" {
					return status.Error(code, "on purpose")
				}
				return nil
			}
			client := town.client(t, balancer.RoundRobin(), With(balancer.Eject(3)))
			call(t, client)
			settle()
			failed := 0
			for range 60 {
				if call(t, client) != nil {
					failed++
				}
			}
			if got := failed < 10; got != ejects {
				t.Errorf("%d of 60 calls failed as %v, want that it is ejected: %t", failed, code, ejects)
			}
		})
	}
}

func TestRefusedConnectionsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a", "b")
		client := town.client(t, balancer.RoundRobin())
		call(t, client)
		settle()
		town.kill("a")
		settle() // what is under way to it fails
		if got := town.called(t, client, 10); got["b:80"] != 10 {
			t.Errorf("called %v, want only b", got)
		}
		town.mu.Lock()
		defer town.mu.Unlock()
		if seen := strings.Join(town.evidence, ", "); !strings.Contains(seen, "a:80 "+string(membership.Refused)) {
			t.Errorf("reported %q, want that a refused", seen)
		}
	})
}

func TestCountHoldsRPCsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gauge membership.Gauge
		counter := Count(&gauge)
		counter.HandleRPC(t.Context(), begin)
		counter.HandleRPC(t.Context(), begin)
		if got := gauge.InFlight(); got != 2 {
			t.Errorf("%d in flight, want 2", got)
		}
		counter.HandleRPC(t.Context(), end)
		if got := gauge.InFlight(); got != 1 {
			t.Errorf("%d in flight, want 1", got)
		}
	})
}
