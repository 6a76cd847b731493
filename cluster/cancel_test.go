package cluster_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestFault35_CloseDuringJoin(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		silent := c.Network.Host()
		silent.Vanish()
		m := c.Run(c.Network.Host(), cluster.Config{Name: "m1", Join: []string{silent.Address().String()}})
		time.Sleep(3 * time.Second) // the dial takes five
		wantPrompt(t, "Close", func() { m.Node.Close() })
	})
}

// TestFault35_Waiting has every call wait for a peer that is silent, when the node is closed or the context ends.
func TestFault35_Waiting(t *testing.T) {
	for name, end := range map[string]func(m *testcluster.Member, cancel func()){
		"closed":    func(m *testcluster.Member, _ func()) { m.Node.Close() },
		"cancelled": func(_ *testcluster.Member, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
				withUsers(t, c)
				m := c.Members[0]
				peer := instanceOf(t, m, "m2")
				c.Network.Cut(hosts(c.Members[:1]), hosts(c.Members[1:]))
				ctx, cancel := context.WithCancel(t.Context())
				var work sync.WaitGroup
				work.Go(func() {
					if err := m.Node.Drain(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, net.ErrClosed) {
						t.Errorf("Drain = %v", err)
					}
				})
				m.View().Report(peer, membership.TimedOut) // a look at it takes two seconds
				time.Sleep(500 * time.Millisecond)
				wantPrompt(t, name, func() { end(m, cancel); work.Wait() })
				cancel()
			})
		})
	}
}

func wantPrompt(t *testing.T, what string, f func()) {
	t.Helper()
	begin := time.Now()
	f()
	if took := time.Since(begin); took > 100*time.Millisecond {
		t.Errorf("%s took %v", what, took)
	}
}
