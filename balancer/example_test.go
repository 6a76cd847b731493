package balancer_test

import (
	"fmt"

	"github.com/grapevine-go/grapevine/balancer"
)

// A call takes a pick and says how it ended.
func ExampleNew() {
	b := balancer.New[string](balancer.LeastRequest())
	b.Update([]balancer.Item[string]{
		{Key: "10.0.0.1:80", Value: "http://10.0.0.1"},
		{Key: "10.0.0.2:80", Value: "http://10.0.0.2"},
	})
	url, call, err := b.Pick()
	if err != nil { // there is none
		fmt.Println(err)
		return
	}
	response, err := get(url)
	if err != nil {
		b.Done(call, balancer.Failure)
		return
	}
	b.Done(call, balancer.Success)
	fmt.Println(response)
	// Output: hello
}

func get(string) (string, error) { return "hello", nil }

// Another attempt goes to another instance.
func ExampleBalancer_PickFor() {
	b := balancer.New[string](balancer.RoundRobin())
	b.Update([]balancer.Item[string]{{Key: "a", Value: "a"}, {Key: "b", Value: "b"}, {Key: "c", Value: "c"}})
	tried := make(map[string]bool)
	for range 3 {
		instance, call, _ := b.PickFor(balancer.Choice[string]{Tried: func(instance string) bool { return tried[instance] }})
		tried[instance] = true
		b.Done(call, balancer.Failure)
	}
	fmt.Println("different instances:", len(tried))
	// Output: different instances: 3
}

func ExampleLeastRequest() {
	b := balancer.New[string](balancer.LeastRequest())
	b.Update([]balancer.Item[string]{{Key: "a", Value: "a"}, {Key: "b", Value: "b"}})
	first, slow, _ := b.Pick()
	second, _, _ := b.Pick()
	fmt.Println("the second call avoids the busy instance:", first != second)
	b.Done(slow, balancer.Success)
	// Output: the second call avoids the busy instance: true
}

// An instance of twice the weight gets twice the calls.
func ExampleWeightedRoundRobin() {
	b := balancer.New[string](balancer.WeightedRoundRobin())
	b.Update([]balancer.Item[string]{{Key: "small", Weight: 100, Value: "small"}, {Key: "large", Weight: 200, Value: "large"}})
	calls := make(map[string]int)
	for range 300 {
		instance, call, _ := b.Pick()
		calls[instance]++
		b.Done(call, balancer.Success)
	}
	fmt.Println("large gets about twice as many:", calls["large"] > 195 && calls["large"] < 205)
	// Output: large gets about twice as many: true
}

// Calls with one key go to one instance, from every process, also when others come and go.
func ExampleMaglev() {
	b := balancer.New[string](balancer.Maglev())
	homeOf := func(key string) string {
		instance, call, _ := b.PickFor(balancer.Choice[string]{Key: key})
		b.Done(call, balancer.Success)
		return instance
	}
	items := []balancer.Item[string]{{Key: "a", Value: "a"}, {Key: "b", Value: "b"}, {Key: "c", Value: "c"}}
	b.Update(items)
	before := homeOf("alice")
	b.Update(append(items, balancer.Item[string]{Key: "d", Value: "d"}))
	after := homeOf("alice")
	fmt.Println("alice stays, or goes to the new one:", after == before || after == "d")
	// Output: alice stays, or goes to the new one: true
}

// Calls stay in the zone while its instances are not busier than the others.
func ExamplePreferZone() {
	b := balancer.New[string](balancer.LeastRequest(), balancer.PreferZone("eu-1"))
	b.Update([]balancer.Item[string]{{Key: "near", Zone: "eu-1", Value: "near"}, {Key: "far", Zone: "eu-2", Value: "far"}})
	calls := make(map[string]int)
	for range 1000 {
		instance, call, _ := b.Pick()
		calls[instance]++
		b.Done(call, balancer.Success)
	}
	fmt.Println("nearly all calls stay:", calls["near"] > 900)
	// Output: nearly all calls stay: true
}

// Four callers of eight instances use two each.
func ExampleAperture() {
	var items []balancer.Item[string]
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		items = append(items, balancer.Item[string]{Key: key, Value: key})
	}
	uses := make(map[string]int)
	for rank := range 4 {
		for _, item := range balancer.Aperture(items, 2, rank, 4) {
			uses[item.Key]++
		}
	}
	fmt.Println(uses)
	// Output: map[a:1 b:1 c:1 d:1 e:1 f:1 g:1 h:1]
}

// A policy of one's own: fill each instance with two calls before the next one gets any.
func ExamplePolicy() {
	fill := func(s *balancer.Set) balancer.Picker {
		return func(balancer.Call) int {
			for i, candidate := range s.Candidates {
				if candidate.InFlight() < 2 {
					return i
				}
			}
			return 0
		}
	}
	b := balancer.New[string](fill)
	b.Update([]balancer.Item[string]{{Key: "a", Value: "a"}, {Key: "b", Value: "b"}})
	for range 4 {
		instance, _, _ := b.Pick()
		fmt.Print(instance, " ")
	}
	// Output: a a b b
}
