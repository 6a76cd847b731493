package cluster_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault54_FarSeeds has one member among seeds that accept connections and say nothing, or do not even answer, where a round trip takes long: it
// is found in the first round or the second, although its share of the first second is less than a handshake takes.
func TestFault54_FarSeeds(t *testing.T) {
	for name, tt := range map[string]struct {
		latency  time.Duration
		tarpits  int // or, negative, addresses without a host
		at       int
		deadline time.Duration
	}{
		"30 seeds, 200 ms, last":    {100 * time.Millisecond, 29, 29, 4 * time.Second},
		"30 seeds, 200 ms, first":   {100 * time.Millisecond, 29, 0, 4 * time.Second},
		"3 seeds, 450 ms":           {225 * time.Millisecond, 2, 1, 5 * time.Second},
		"30 seeds without a host":   {100 * time.Millisecond, -29, 15, 4 * time.Second},
		"100 seeds, 40 ms, halfway": {20 * time.Millisecond, 99, 50, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			sealedOver(t, testcluster.Link{Latency: tt.latency}, func(t *testing.T, c *testcluster.Cluster) {
				member, dials := c.Add(), new(dialGauge)
				seeds := tarry(t, c, max(tt.tarpits, 0))
				for i := range -min(tt.tarpits, 0) {
					seeds = append(seeds, fmt.Sprintf("10.5.0.%d:7946", i+1))
				}
				seeds = slices.Insert(seeds, tt.at, member.Address())
				host := c.Network.Host()
				began := time.Now()
				m := c.Run(host, cluster.Config{Name: "new", Join: seeds, Transport: gauged{host, dials}})
				if err := m.Ready(within(t, 20*time.Second)); err != nil {
					t.Errorf("Ready = %v", err)
				}
				took := time.Since(began)
				t.Logf("ready after %v; %d dials at a time", took, dials.peak())
				if took > tt.deadline || dials.peak() > mostSeedsDialled {
					t.Errorf("ready after %v with %d dials at a time, want at most %v and %d", took, dials.peak(), tt.deadline, mostSeedsDialled)
				}
			})
		})
	}
}

const mostSeedsDialled = 28 // at a time: three times the slots, and connections that follow
