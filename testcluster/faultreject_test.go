package testcluster_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// firewall is a transport whose dials fail at once while there is a reason, as where a firewall rejects them.
type firewall struct {
	cluster.Transport
	group   int            // in front of which it stands
	groups  map[string]int // of each address
	rejects *atomic.Bool
	why     error
}

func (f firewall) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	if f.rejects.Load() && f.groups[to.Addr] != f.group {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: f.why}
	}
	return f.Transport.DialAddressTimeout(to, timeout)
}

// TestFault3_RejectedPartition ends partitions whose firewall answers for those beyond it, so that no dial is under way when
// it is over, and a refusal looks as if those beyond had ended. By then nobody knows of a seed any more.
func TestFault3_RejectedPartition(t *testing.T) {
	for name, why := range map[string]error{"refused": syscall.ECONNREFUSED, "unreachable": syscall.EHOSTUNREACH} {
		for _, sizes := range testcluster.Everyday([][]int{{1, 1}, {3, 3}}, [][]int{{1, 1}, {3, 3}, {2, 2, 1}}) {
			for _, lasts := range []time.Duration{45 * time.Second, 5 * time.Minute} {
				t.Run(fmt.Sprint(name, sizes, lasts), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var rejects, seedless atomic.Bool
						c := testcluster.Start(t, 0, plainEveryday()...)
						first := c.Network.Host()
						seeds := cluster.SeedFunc(func(context.Context) ([]string, error) {
							if seedless.Load() {
								return nil, nil
							}
							return []string{first.Address().String()}, nil
						})
						groups, at := make([][]*testcluster.Member, len(sizes)), make(map[string]int)
						for group, size := range sizes {
							for range size {
								host := first
								if len(at) > 0 {
									host = c.Network.Host()
								}
								at[host.Address().String()] = group
								config := cluster.Config{Name: fmt.Sprintf("m%d", len(at)), Transport: firewall{host, group, at, &rejects, why},
									Join: []string{}, Seeds: []cluster.SeedProvider{seeds}}
								groups[group] = append(groups[group], c.Run(host, config))
							}
						}
						c.AwaitConverged(afterHeal)
						seedless.Store(true)
						c.Cut(groups...)
						rejects.Store(true)
						time.Sleep(lasts)
						c.Heal()
						rejects.Store(false)
						began := time.Now()
						c.AwaitConverged(afterHeal)
						t.Logf("a full view %v after the heal", time.Since(began))
						time.Sleep(time.Minute)
						c.AwaitConverged(0)
					})
				})
			}
		}
	}
}
