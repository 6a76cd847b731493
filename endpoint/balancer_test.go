package endpoint

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/go-kit/kit/sd/lb"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// balancerOf is, in a bubble, a Balancer over users, closed at the end.
func balancerOf(t *testing.T, town *town, users *servers, policy balancer.Policy) *Balancer {
	return NewBalancer(endpointerOf(t, town, users.factory), policy)
}

func checkAnswer(t *testing.T, endpoint Endpoint, want any) {
	t.Helper()
	if answer, err := endpoint(t.Context(), nil); answer != want || err != nil {
		t.Errorf("call = %v, %v, want %v", answer, err, want)
	}
}

func TestEndpointOfABalancerBindsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		endpoint, err := balancerOf(t, town, newServers(), balancer.RoundRobin()).Endpoint()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"b", "c", "d"} {
			town.join(name)
			town.leave(string(name[0] - 1))
			synctest.Wait()
			checkAnswer(t, endpoint, name+":80")
		}
		town.leave("d")
		synctest.Wait()
		if _, err := endpoint(t.Context(), nil); !errors.Is(err, ErrNoEndpoints) {
			t.Errorf("call: %v, want %v", err, ErrNoEndpoints)
		}
		town.join("d")
		synctest.Wait()
		checkAnswer(t, endpoint, "d:80")
	})
}

func TestBalancerWithoutInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown()
		picks := balancerOf(t, town, newServers(), balancer.RoundRobin())
		if endpoint, err := picks.Endpoint(); endpoint != nil || !errors.Is(err, lb.ErrNoEndpoints) {
			t.Errorf("Endpoint: %v, want %v", err, lb.ErrNoEndpoints)
		}
		town.join("a")
		synctest.Wait()
		if _, err := picks.Endpoint(); err != nil {
			t.Errorf("Endpoint: %v", err)
		}
	})
}

func TestWeightsReachThePolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var weights []int
		policy := func(s *balancer.Set) balancer.Picker {
			weights = nil
			for _, candidate := range s.Candidates {
				weights = append(weights, candidate.Weight())
			}
			return func(balancer.Call) int { return 0 }
		}
		town := newTown("a", "b")
		balancerOf(t, town, newServers(), policy)
		for _, want := range [][]int{{7, 100}, {70, 100}} {
			town.edit("a", func(r *membership.Record) { r.Services[0].Weight = want[0] })
			synctest.Wait()
			if !slices.Equal(weights, want) {
				t.Errorf("the weights are %d, want %d", weights, want)
			}
		}
	})
}

// The set may change between the pick of an instance and the call to it.
func TestInstanceThatLeavesAsItIsPicked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a", "b"), newServers()
		policy := func(*balancer.Set) balancer.Picker {
			return func(balancer.Call) int {
				if _, ok := town.View().Snapshot().Member("a"); ok {
					town.leave("a")
					synctest.Wait()
				}
				return 0
			}
		}
		endpoint, _ := balancerOf(t, town, users, policy).Endpoint()
		checkAnswer(t, endpoint, "b:80")
		users.check(t, "called", users.called, map[string]int{"b:80": 1})
	})
}
