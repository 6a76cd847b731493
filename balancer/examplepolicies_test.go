package balancer_test

import (
	"context"
	"fmt"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// shares makes 3000 calls, one after the other, to instances of these weights, and returns the
// calls to each.
func shares(policy balancer.Policy, weights map[string]int) map[string]int {
	b := balancer.New[string](policy)
	var items []balancer.Item[string]
	for key, weight := range weights {
		items = append(items, balancer.Item[string]{Key: key, Weight: weight, Value: key})
	}
	b.Update(items)
	calls := make(map[string]int)
	for range 3000 {
		instance, call, err := b.Pick()
		if err != nil {
			fmt.Println(err)
			break
		}
		calls[instance]++
		b.Done(call, balancer.Success)
	}
	return calls
}

// Instances take turns. Weights do not count.
func ExampleRoundRobin() {
	fmt.Println(shares(balancer.RoundRobin(), map[string]int{"small": 100, "large": 200}))
	// Output: map[large:1500 small:1500]
}

// Each call goes to any instance, whatever its weight.
func ExampleRandom() {
	calls := shares(balancer.Random(), map[string]int{"small": 100, "large": 200})
	fmt.Println("each gets about half:", calls["small"] > 1200 && calls["small"] < 1800)
	// Output: each gets about half: true
}

// An instance of twice the weight is twice as likely.
func ExampleWeightedRandom() {
	calls := shares(balancer.WeightedRandom(), map[string]int{"small": 100, "large": 200})
	fmt.Println("large gets about two thirds:", calls["large"] > 1800 && calls["large"] < 2200)
	// Output: large gets about two thirds: true
}

// A busy instance is avoided, the more so the slower it was lately.
func ExamplePeakEWMA() {
	b := balancer.New[string](balancer.PeakEWMA())
	b.Update([]balancer.Item[string]{{Key: "a", Value: "a"}, {Key: "b", Value: "b"}})
	for range 10 { // what calls cost is learned from calls
		_, call, _ := b.Pick()
		b.Done(call, balancer.Success)
	}
	calls := make(map[string]int)
	for range 100 {
		instance, _, _ := b.Pick() // and none of them ends
		calls[instance]++
	}
	fmt.Println("both work:", calls["a"] > 0 && calls["b"] > 0)
	// Output: both work: true
}

// Calls with one key go to one instance. Where an instance goes, only its own keys move.
func ExampleRingHash() {
	b := balancer.New[string](balancer.RingHash())
	homes := func() map[string]string {
		at := make(map[string]string)
		for i := range 100 {
			key := fmt.Sprint("user-", i)
			instance, call, _ := b.PickFor(balancer.Choice[string]{Key: key})
			b.Done(call, balancer.Success)
			at[key] = instance
		}
		return at
	}
	items := []balancer.Item[string]{{Key: "a", Value: "a"}, {Key: "b", Value: "b"}, {Key: "c", Value: "c"}}
	b.Update(items)
	before := homes()
	b.Update(items[:2])
	moved := 0
	for key, instance := range homes() {
		if before[key] != "c" && before[key] != instance {
			moved++
		}
	}
	fmt.Println("keys of a and b that moved:", moved)
	// Output: keys of a and b that moved: 0
}

// A filter of instances by their tags, for Where of packages endpoint and grpcendpoint.
func ExampleHasTags() {
	matches := balancer.HasTags("canary", "gpu")
	one := membership.Instance{Service: membership.Service{Tags: []string{"gpu", "canary", "eu"}}}
	other := membership.Instance{Service: membership.Service{Tags: []string{"gpu"}}}
	fmt.Println(matches(one), matches(other))
	// Output: true false
}

func ExampleHasVersion() {
	matches := balancer.HasVersion("v2")
	for _, version := range []string{"v1", "v2"} {
		fmt.Println(version, matches(membership.Instance{Service: membership.Service{Version: version}}))
	}
	// Output:
	// v1 false
	// v2 true
}

// Load probes go beside the calls, in a goroutine of their own.
func ExampleNewProber() {
	view := membership.NewStore("frontend-1").View() // usually that of a cluster.Node, which sends them
	b := balancer.New[string](balancer.LeastRequest())
	b.Update([]balancer.Item[string]{{Key: "10.0.0.7:80", Value: "users-1"}, {Key: "10.0.0.8:80", Value: "users-2"}})
	prober := balancer.NewProber(b, view, balancer.DefaultProbes, func(member string) membership.Instance {
		return membership.Instance{Member: member}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		prober.Run(ctx)
	}()
	for range 3 {
		prober.Poke()
		instance, call, _ := b.Pick()
		_ = instance // is called here
		b.Done(call, balancer.Success)
	}
	cancel()
	<-ended
	// Output:
}
