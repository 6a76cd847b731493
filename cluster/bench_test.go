package cluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

// BenchmarkProbe is a load probe and its answer between two nodes on loopback, one after the other.
func BenchmarkProbe(b *testing.B) {
	for name, secret := range map[string]string{"sealed": cluster.NewSecret(), "plain": ""} {
		b.Run(name, func(b *testing.B) {
			start := func(name string, join ...string) *cluster.Node {
				node, err := cluster.Start(b.Context(), cluster.Config{Name: name, Bind: "127.0.0.1:0", Join: join, Secret: secret})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { node.Close() })
				return node
			}
			serves := start("serves")
			asks := start("asks", serves.Address())
			if err := serves.ReportLoad("users", new(membership.Gauge).InFlight); err != nil {
				b.Fatal(err)
			}
			if _, err := serves.Register(membership.Service{Name: "users", Address: "127.0.0.1:80"}); err != nil {
				b.Fatal(err)
			}
			for len(asks.View().Snapshot().Instances("users")) == 0 {
				time.Sleep(time.Millisecond)
			}
			instance := asks.View().Snapshot().Instances("users")[0]
			answers, lost := make(chan membership.ProbeAnswer, 1), 0
			b.ReportAllocs()
			for b.Loop() {
				if _, err := asks.View().Probe(instance, answers); err != nil {
					b.Fatal(err)
				}
				select {
				case <-answers:
				case <-time.After(time.Second):
					lost++
				}
			}
			b.ReportMetric(float64(lost), "lost")
		})
	}
}
