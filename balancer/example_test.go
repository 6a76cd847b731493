package balancer_test

import (
	"fmt"

	"github.com/grapevine-go/grapevine/balancer"
)

func ExampleBalancer() {
	b := balancer.New[string](balancer.RoundRobin())
	b.Update([]balancer.Item[string]{
		{Key: "10.0.0.1:80", Value: "http://10.0.0.1"},
		{Key: "10.0.0.2:80", Value: "http://10.0.0.2"},
	})
	for range 3 {
		url, call, err := b.Pick()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("GET", url)
		b.Done(call, balancer.Success)
	}
	// Output:
	// GET http://10.0.0.1
	// GET http://10.0.0.2
	// GET http://10.0.0.1
}

func ExampleBalancer_PickFor() {
	b := balancer.New[string](balancer.RoundRobin())
	b.Update([]balancer.Item[string]{{Key: "a", Value: "a"}, {Key: "b", Value: "b"}, {Key: "c", Value: "c"}})
	tried := make(map[string]bool)
	for range 3 {
		instance, call, _ := b.PickFor(balancer.Choice[string]{Tried: func(instance string) bool { return tried[instance] }})
		fmt.Println("try", instance)
		tried[instance] = true
		b.Done(call, balancer.Success)
	}
	// Output:
	// try a
	// try b
	// try c
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
