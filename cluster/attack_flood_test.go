package cluster_test

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// silent are connections to one member on which nothing is said; those that it closes are opened again.
type silent struct {
	open atomic.Int64
	stop func() // and wait
}

// flood opens as many from each host.
func flood(t *testing.T, to string, each int, from ...*testcluster.Host) *silent {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := new(silent)
	var work sync.WaitGroup
	for _, host := range from {
		for range each {
			work.Go(func() { s.keep(ctx, host, to) })
		}
	}
	s.stop = func() {
		cancel()
		work.Wait()
	}
	return s
}

func (s *silent) keep(ctx context.Context, host *testcluster.Host, to string) {
	for ctx.Err() == nil {
		if conn, err := host.DialContext(ctx, "tcp", to); err == nil {
			s.open.Add(1)
			end := context.AfterFunc(ctx, func() { conn.Close() })
			io.Copy(io.Discard, conn)
			s.open.Add(-1)
			end()
			conn.Close()
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// The connections that wait for a stranger to say who it is, at a time, as package transport has them.
const (
	mostFromOne = 64
	mostFromAll = 128
)

// TestAttack_ConnectionFlood has strangers open connections and say nothing. A memberlist keeps all of them, with a
// goroutine each, for the 10 seconds of its TCPTimeout.
func TestAttack_ConnectionFlood(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		target := l.grow(2)[0]
		flood := flood(t, target.address(), 200, l.Host(), l.Host(), l.Host())
		defer flood.stop()
		time.Sleep(500 * time.Millisecond)
		if open := flood.open.Load(); open != 600 {
			t.Errorf("%d of 600 connections are open", open)
		}
	})
	for name, tt := range map[string]struct {
		hosts int
		most  int64
	}{"grapevine, from one": {1, mostFromOne}, "grapevine, from three": {3, mostFromAll}} {
		t.Run(name, func(t *testing.T) {
			sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				target := c.Members[0]
				var from []*testcluster.Host
				for range tt.hosts {
					from = append(from, c.Network.Host())
				}
				flood := flood(t, target.Address(), 200, from...)
				defer flood.stop()
				for range 20 {
					time.Sleep(500 * time.Millisecond)
					synctest.Wait()
					if open := flood.open.Load(); open > tt.most {
						t.Errorf("%d connections are open, %d at most was expected", open, tt.most)
					}
				}
				if refused := target.Stats().Refused[transport.ReasonFlood]; refused < uint64(200*tt.hosts-mostFromAll) {
					t.Errorf("%d connections are counted as a flood", refused)
				}
				c.Run(c.Network.Host(), cluster.Config{Name: "newcomer", Join: []string{target.Address()}})
				c.AwaitConverged(prompt)
			})
		})
	}
}
