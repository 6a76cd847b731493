package testcluster_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// mostQuarrel is how many times as much may be sent, at most, while members disagree for good, as when all is well.
const mostQuarrel = 3

// TestFault4_LastingDisagreement has two members that never meet, as they are cut from each other, and nobody else, from the start.
// Their views differ from those of the others for as long, and nothing that anybody tells can change that: what is sent in
// vain stays bounded, and does not grow with the records.
func TestFault4_LastingDisagreement(t *testing.T) {
	virtual(t, 0, func(t *testing.T, c *testcluster.Cluster) {
		const n = 6
		watched := testcluster.Everyday(5*time.Minute, 10*time.Minute)
		var sent atomic.Int64
		var all []*testcluster.Host
		for range n {
			all = append(all, c.Network.Host())
		}
		c.Network.Cut(all[n-2:n-1], all[n-1:])
		for i, host := range all {
			c.Run(host, cluster.Config{Name: fmt.Sprintf("m%d", i+1), Transport: weighed{host, &sent},
				Metadata: map[string]string{"k": strings.Repeat("v", 30_000)}})
		}
		rate := func() int64 {
			time.Sleep(time.Minute)
			before := sent.Load()
			time.Sleep(watched)
			return (sent.Load() - before) / n / int64(watched/time.Second)
		}
		apart := rate()
		if !lacks("m6")(c.Members[4].View().Snapshot()) || !lists(c.Members...)(c.Members[0].View().Snapshot()) {
			t.Error("there is no disagreement, so that this tests nothing")
		}
		c.Heal()
		c.AwaitConverged(afterHeal)
		idle := rate()
		t.Logf("%d bytes a second and member while all is well, %d while two cannot meet", idle, apart)
		if apart > mostQuarrel*idle {
			t.Errorf("%d bytes a second and member are sent while two cannot meet, and %d otherwise", apart, idle)
		}
	})
}
