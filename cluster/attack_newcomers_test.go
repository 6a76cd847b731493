package cluster_test

import (
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// pits are hosts that accept connections and say nothing. They count what comes.
type pits struct {
	hosts           []*testcluster.Host
	open, most, all atomic.Int64 // connections
	datagrams       atomic.Int64
}

func digPits(t *testing.T, network *testcluster.Network, n int) *pits {
	t.Helper()
	p := new(pits)
	done := make(chan struct{})
	var work sync.WaitGroup
	for range n {
		host := network.Host()
		p.hosts = append(p.hosts, host)
		work.Go(func() {
			for {
				select {
				case conn := <-host.StreamCh():
					p.all.Add(1)
					if open := p.open.Add(1); open > p.most.Load() {
						p.most.Store(open)
					}
					work.Go(func() {
						io.Copy(io.Discard, conn)
						p.open.Add(-1)
						conn.Close()
					})
				case <-host.PacketCh():
					p.datagrams.Add(1)
				case <-done:
					return
				}
			}
		})
	}
	t.Cleanup(func() {
		close(done)
		for _, host := range p.hosts {
			host.Crash()
		}
		work.Wait()
	})
	return p
}

func (p *pits) at(i int) netip.AddrPort { return p.hosts[i%len(p.hosts)].Address() }

// madeUp is a push/pull that tells of members at pits, each of a name that nobody has.
func madeUp(p *pits, n int, prefix string) []byte {
	values := []any{pushPullHead{n, 0, false}}
	for i := range n {
		at, id := p.at(i), fmt.Sprintf("%s%d@%016x", prefix, i, i+1)
		values = append(values, pushPullNode{id, at.Addr().AsSlice(), at.Port(), meta, 1, 0, vsn})
	}
	return packed(pushPullKind, values...)
}

// aliveOf is the news of one of them.
func aliveOf(p *pits, i int, prefix string) []byte {
	at, id := p.at(i), fmt.Sprintf("%s%d@%016x", prefix, i, i+1)
	return packed(aliveKind, aliveWord{1, id, at.Addr().AsSlice(), at.Port(), meta, vsn})
}

// The most dials that others may cause at a time, as package transport has them, and the part of one of them.
const (
	mostByHearsay = 48
	mostByOne     = 17
)

// TestFault50_MadeUpMembers has members tell of others that there are not, whose addresses accept connections and say
// nothing. A memberlist lists all of them.
func TestFault50_MadeUpMembers(t *testing.T) {
	const n = 500
	lasts := brief(20*time.Second, time.Minute)
	plainly(t, func(t *testing.T, l *lab) {
		target := l.grow(2, open)[0]
		p := digPits(t, l.Network, 50)
		conn, err := l.Host().DialTimeout(target.address(), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		conn.Write(madeUp(p, n, "f"))
		io.Copy(io.Discard, conn)
		conn.Close()
		eventually(t, "lists them", func() bool { return target.NumMembers() > n })
	})
	type way func(t *testing.T, liar *transport.Transport, m *testcluster.Member, p *pits, prefix string)
	ways := map[string]way{
		"push/pull": func(t *testing.T, liar *transport.Transport, m *testcluster.Member, p *pits, prefix string) {
			offer(t, liar, m, madeUp(p, n, prefix))
		},
		"gossip": func(t *testing.T, liar *transport.Transport, m *testcluster.Member, p *pits, prefix string) {
			for i := range n {
				liar.WriteToAddress(aliveOf(p, i, prefix), at(m))
				time.Sleep(100 * time.Microsecond)
			}
		},
		"gossip by stream": func(t *testing.T, liar *transport.Transport, m *testcluster.Member, p *pits, prefix string) {
			for i := 0; i < n; i += 100 {
				b := []byte{compoundKind, 100}
				var parts []byte
				for j := range 100 {
					part := aliveOf(p, i+j, prefix)
					b, parts = append(b, byte(len(part)>>8), byte(len(part))), append(parts, part...)
				}
				liar.WriteToAddress(append(b, parts...), at(m))
				time.Sleep(10 * time.Millisecond)
			}
		},
	}
	for way, tell := range ways {
		for _, liars := range []int{1, 3} {
			t.Run(fmt.Sprintf("grapevine, %s, liars: %d", way, liars), func(t *testing.T) {
				sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
					authority := newPKI(t)
					for _, name := range []string{"m1", "m2", "m3"} {
						c.Run(c.Network.Host(), authority.member(name))
					}
					c.AwaitConverged(time.Minute)
					p := digPits(t, c.Network, 200)
					for i := range liars {
						name := fmt.Sprintf("liar%d", i)
						liar := attacker(t, c.Network.Host(), name+"@0000000000000001", authority.identity(authority.issue(name)))
						defer liar.Shutdown()
						tell(t, liar, c.Members[0], p, name)
					}
					began := time.Now()
					late := c.Run(c.Network.Host(), authority.member("late"))
					c.AwaitViews(5*time.Second, c.Members, members(4)) // while the pits are dialled
					if err := late.Ready(within(t, 5*time.Second)); err != nil {
						t.Errorf("a newcomer is not ready after %v: %v", time.Since(began), err)
					}
					time.Sleep(lasts)
					c.AwaitViews(0, c.Members, members(4))
					most := int64(mostByHearsay)
					if liars == 1 {
						most = mostByOne
					}
					if p.most.Load() > most || p.most.Load() == 0 {
						t.Errorf("%d dials at a time, want 1 to %d", p.most.Load(), most)
					}
					// Each of the 200 addresses is dialled once in 5 seconds at most, and no made-up member is told on.
					if all := p.all.Load(); all > 200*(int64((lasts+5*time.Second)/(5*time.Second))+1) {
						t.Errorf("%d dials in all", all)
					}
					if p.datagrams.Load() > 0 {
						t.Errorf("%d datagrams went to addresses of made-up members", p.datagrams.Load())
					}
				})
			})
		}
	}
}

// TestFault50_ManyJoinByOneExchange has a newcomer learn of a whole cluster from one member: that is no flood.
func TestFault50_ManyJoinByOneExchange(t *testing.T) {
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		secret := cluster.NewSecret()
		n := brief(24, 40)
		for i := range n {
			c.Run(c.Network.Host(), cluster.Config{Name: fmt.Sprintf("m%d", i), Secret: secret})
		}
		c.AwaitConverged(time.Minute)
		began := time.Now()
		late := c.Run(c.Network.Host(), cluster.Config{Name: "late", Secret: secret, Join: []string{c.Members[7].Address()}})
		if err := late.Ready(within(t, 3*time.Second)); err != nil {
			t.Errorf("it is not ready after %v: %v", time.Since(began), err)
		}
		c.AwaitViews(3*time.Second, c.Members, members(n+1))
	})
}
