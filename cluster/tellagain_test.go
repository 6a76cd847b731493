package cluster_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// accusing counts the accusations that a member sends. Nothing is sealed.
type accusing struct {
	cluster.Transport
	accusations *atomic.Int64
}

func (a accusing) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	const header = 9 // of a plain datagram; the kind follows
	if len(b) > header && b[header] == byte(accuseKind) {
		a.accusations.Add(1)
	}
	return a.Transport.WriteToAddress(b, to)
}

// TestFault4_CutIsToldOnceAMinute cuts two of ten members off from each other for ten minutes. One of them tells the others
// of it at once, and then once a minute.
func TestFault4_CutIsToldOnceAMinute(t *testing.T) {
	const members = 10
	lasts := brief(3*time.Minute, 10*time.Minute)
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		var sent atomic.Int64
		host := c.Network.Host()
		c.Run(host, cluster.Config{Name: "m0", Insecure: true, Transport: accusing{host, &sent}})
		for i := range members - 1 {
			c.Run(c.Network.Host(), cluster.Config{Name: fmt.Sprint("m", i+1), Insecure: true})
		}
		c.AwaitConverged(time.Minute)
		withUsers(t, c)
		time.Sleep(10 * time.Second)
		c.Cut(c.Members[:1], c.Members[1:2])
		c.Members[0].View().Report(instanceOf(t, c.Members[0], "m1"), membership.TimedOut) // a call has waited in vain
		time.Sleep(lasts)
		const broadcast = 8 * (members - 2)
		t.Logf("%d accusations in %v", sent.Load(), lasts)
		if most := int64(lasts/time.Minute+2) * broadcast; sent.Load() > most || sent.Load() < broadcast/2 {
			t.Errorf("%d accusations in %v, want %d at most", sent.Load(), lasts, most)
		}
		c.Heal()
		c.AwaitConverged(healed)
	})
}
