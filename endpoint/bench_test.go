package endpoint_test

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/go-kit/log"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

func nothing(string) (endpoint.Endpoint, io.Closer, error) {
	return func(context.Context, any) (any, error) { return nil, nil }, nil, nil
}

// BenchmarkCallProbing is what calls cost without a prober, and while one goes with them at its cap of 500 probes a
// second, which are answered at once.
func BenchmarkCallProbing(b *testing.B) {
	for _, probes := range []int{0, 500} {
		for _, n := range []int{10, 1000} {
			b.Run(fmt.Sprint("probes=", probes, "/", n), func(b *testing.B) {
				store, sent := storeOf(manyAddresses(n)...), new(atomic.Uint64)
				store.OnProbe(answerAtOnce(sent))
				endpointer := endpoint.NewEndpointer(store.View(), "users", nothing)
				defer endpointer.Close()
				ready(endpointer, n)
				call, _ := endpoint.NewBalancer(endpointer, balancer.LeastRequest(), endpoint.Probes(probes)).Endpoint()
				benchmarkParallel(b, call)
				b.ReportMetric(float64(sent.Load())/b.Elapsed().Seconds(), "probes/s")
			})
		}
	}
}

func answerAtOnce(sent *atomic.Uint64) func(membership.Instance, chan<- membership.ProbeAnswer) (uint64, error) {
	return func(_ membership.Instance, answers chan<- membership.ProbeAnswer) (uint64, error) {
		id := sent.Add(1)
		select {
		case answers <- membership.ProbeAnswer{ID: id, InFlight: 3, Known: true}:
		default:
		}
		return id, nil
	}
}

func manyAddresses(n int) []string {
	addresses := make([]string, n)
	for i := range addresses {
		addresses[i] = fmt.Sprintf("10.0.%d.%d:80", i/250, i%250)
	}
	return addresses
}

// BenchmarkCall compares what a call costs on top of its endpoint, which does nothing: through Grapevine, through stock
// kit, and through the halves of both.
func BenchmarkCall(b *testing.B) {
	for _, n := range []int{10, 1000} {
		view := viewOf(manyAddresses(n)...)
		ours := endpoint.NewEndpointer(view, "users", nothing)
		instancer := endpoint.NewInstancer(view, "users")
		stock := sd.NewEndpointer(instancer, nothing, log.NewNopLogger())
		ready(ours, n)
		ready(stock, n)
		balanced := endpoint.NewBalancer(ours, balancer.LeastRequest())
		late, _ := balanced.Endpoint()
		for _, bench := range []struct {
			name string
			call endpoint.Endpoint
		}{
			{"Balancer", late},
			{"Retry", endpoint.Retry(balanced)},
			{"Retry,PerTryTimeout", endpoint.Retry(balanced, endpoint.PerTryTimeout(time.Second))},
			{"Hedge", endpoint.Hedge(balanced)},
			{"lb.Retry,lb.RoundRobin", lb.Retry(3, time.Second, lb.NewRoundRobin(stock))},
			{"lb.Retry,Balancer", lb.Retry(3, time.Second, balanced)},
			{"lb.Retry,lb.RoundRobin,Endpointer", lb.Retry(3, time.Second, lb.NewRoundRobin(ours))},
		} {
			b.Run(fmt.Sprint(bench.name, "/", n), func(b *testing.B) { benchmarkParallel(b, bench.call) })
		}
		stock.Close()
		instancer.Stop()
		ours.Close()
	}
}

func benchmarkParallel(b *testing.B, call endpoint.Endpoint) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := call(context.Background(), nil); err != nil {
				b.Error(err)
			}
		}
	})
}
