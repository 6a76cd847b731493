package balancer_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/balancer"
)

func BenchmarkPick(b *testing.B) {
	for _, bench := range []struct {
		name   string
		policy func() balancer.Policy
		weight func(i int) int
	}{
		{"RoundRobin", balancer.RoundRobin, equal},
		{"Random", balancer.Random, equal},
		{"LeastRequest", balancer.LeastRequest, equal},
		{"LeastRequestWeighted", balancer.LeastRequest, unequal},
	} {
		for _, n := range []int{10, 100, 1000, 10000} {
			name := fmt.Sprintf("%s/%d", bench.name, n)
			set := balancer.New[string](bench.policy())
			set.Update(manyItems(n, bench.weight))
			b.Run(name, func(b *testing.B) { benchmarkSerial(b, set) })
			b.Run(name+"-parallel", func(b *testing.B) { benchmarkParallel(b, set) })
		}
	}
}

// As it is with probes: what was reported lately is looked at in each pick, and there are new reports all the time.
func BenchmarkPickByReports(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		items := manyItems(n, equal)
		set := balancer.New[string](balancer.LeastRequest())
		set.Update(items)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if i%256 == 0 {
					set.Report(items[i/256%n].Key, balancer.Load{InFlight: int64(i) % 7})
				}
				_, token, _ := set.Pick()
				set.Done(token, balancer.Success)
			}
		})
	}
}

func benchmarkSerial(b *testing.B, set *balancer.Balancer[string]) {
	b.ReportAllocs()
	for b.Loop() {
		_, token, _ := set.Pick()
		set.Done(token, balancer.Success)
	}
}

func benchmarkParallel(b *testing.B, set *balancer.Balancer[string]) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, token, _ := set.Pick()
			set.Done(token, balancer.Success)
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set, items := balancer.New[string](balancer.LeastRequest()), manyItems(n, unequal)
			b.ReportAllocs()
			for b.Loop() {
				set.Update(items)
			}
		})
	}
}

func equal(int) int     { return 100 }
func unequal(i int) int { return 100 << (i % 3) }

func manyItems(n int, weight func(i int) int) []balancer.Item[string] {
	items := make([]balancer.Item[string], n)
	for i := range items {
		key := fmt.Sprintf("10.0.%d.%d:80", i/250, i%250)
		items[i] = balancer.Item[string]{Key: key, Weight: weight(i), Value: key}
	}
	return items
}
