package balancer_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// A pick while a Prober goes with the calls, at its cap, and each probe is answered at once.
func BenchmarkPickProbing(b *testing.B) {
	for _, n := range []int{10, 1000} {
		set := balancer.New[string](balancer.LeastRequest())
		set.Update(manyItems(n, equal))
		var sent atomic.Uint64
		store := membership.NewStore("me")
		store.OnProbe(func(_ membership.Instance, answers chan<- membership.ProbeAnswer) (uint64, error) {
			answer := membership.ProbeAnswer{ID: sent.Add(1), InFlight: 3, Known: true}
			select {
			case answers <- answer:
			default:
			}
			return answer.ID, nil
		})
		prober := balancer.NewProber(set, store.View(), balancer.DefaultProbes,
			func(key string) membership.Instance { return membership.Instance{Member: key} })
		ctx, stop := context.WithCancel(b.Context())
		var work sync.WaitGroup
		work.Go(func() { prober.Run(ctx) })
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			before := sent.Load()
			b.ReportAllocs()
			for b.Loop() {
				prober.Poke()
				_, token, _ := set.Pick()
				set.Done(token, balancer.Success)
			}
			b.ReportMetric(float64(sent.Load()-before)/b.Elapsed().Seconds(), "probes/s")
		})
		b.Run(fmt.Sprint(n, "-parallel"), func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					prober.Poke()
					_, token, _ := set.Pick()
					set.Done(token, balancer.Success)
				}
			})
		})
		stop()
		work.Wait()
	}
}
