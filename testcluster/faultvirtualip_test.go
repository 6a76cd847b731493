package testcluster_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// virtualAddress is where a service has its virtual IP.
const virtualAddress = "10.9.9.9:7946"

// balanced is the transport of a process whose dials to the virtual address lead to members by turns, and perhaps back.
type balanced struct {
	cluster.Transport
	to    func(dial int64) string
	dials *atomic.Int64
}

func (b balanced) DialTimeout(to string, d time.Duration) (net.Conn, error) {
	return b.DialAddressTimeout(cluster.Address{Addr: to}, d)
}

func (b balanced) DialAddressTimeout(to cluster.Address, d time.Duration) (net.Conn, error) {
	if to.Addr == virtualAddress {
		to = cluster.Address{Addr: b.to(b.dials.Add(1))}
	}
	return b.Transport.DialAddressTimeout(to, d)
}

// TestFault59_SeedLeadsBack has the seed of a newcomer lead back to it for some dials, and to
// members before and after: it is tried again at the pace of any other seed, and the node is not
// ready before it has met a member.
func TestFault59_SeedLeadsBack(t *testing.T) {
	var dns nameserver
	dns.install(t)
	net.DefaultResolver.LookupNetIP(t.Context(), "ip", "warm.up.test.") // what package net makes once must not belong to a bubble
	virtualIP := netip.MustParseAddrPort(virtualAddress).Addr()
	dns.answer.Store(&virtualIP)
	file := filepath.Join(t.TempDir(), "seeds")
	if err := os.WriteFile(file, []byte(virtualAddress+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := []string{virtualAddress}
	none := []string{}
	seeds := map[string]cluster.Config{
		"an address": {Join: list},
		"a name":     {Join: []string{"members.test.:7946"}},
		"a func":     {Join: none, Seeds: []cluster.SeedProvider{cluster.SeedFunc(func(context.Context) ([]string, error) { return list, nil })}},
		"a file":     {Join: none, Seeds: []cluster.SeedProvider{cluster.FileSeeds(file)}},
	}
	for back, leadsBack := range map[string]func(dial int64) bool{
		"at first":        func(dial int64) bool { return dial == 1 },
		"five times":      func(dial int64) bool { return dial <= 5 },
		"when it joins":   func(dial int64) bool { return dial == 2 },
		"every other one": func(dial int64) bool { return dial%2 != 0 }, // by turns with one other member
		"two of three":    func(dial int64) bool { return dial%3 != 0 },
	} {
		for name, config := range seeds {
			t.Run(fmt.Sprint(name, ", ", back), func(t *testing.T) {
				virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
					host, others := c.Network.Host(), []string{c.Members[0].Address(), c.Members[1].Address()}
					config.Name = "new"
					config.Transport = balanced{host, func(dial int64) string {
						if leadsBack(dial) {
							return host.Address().String()
						}
						return others[dial%2]
					}, new(atomic.Int64)}
					m := c.Run(host, config)
					began := time.Now()
					if err := m.Ready(within(t, time.Minute)); err != nil {
						t.Fatalf("Ready: %v", err)
					}
					if listed := names(m.View().Snapshot()); len(listed) != 3 {
						t.Errorf("it is ready after %v and lists %v", time.Since(began), listed)
					}
					c.AwaitConverged(afterHeal)
				})
			})
		}
	}
}

// TestFault59_SeedAlwaysLeadsBack has nobody else behind the virtual IP for ten minutes: the node
// does not take itself for a member, says why, and meets the first member to appear there.
func TestFault59_SeedAlwaysLeadsBack(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		host, member := c.Network.Host(), c.Members[0].Address()
		var up atomic.Bool
		m := c.Run(host, cluster.Config{Name: "new", Join: []string{virtualAddress}, Transport: balanced{host, func(int64) string {
			if up.Load() {
				return member
			}
			return host.Address().String()
		}, new(atomic.Int64)}})
		err := m.Ready(within(t, 10*time.Minute))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "led back to this member") {
			t.Errorf("Ready = %v", err)
		}
		up.Store(true)
		c.AwaitConverged(afterHeal)
		if err := m.Ready(t.Context()); err != nil {
			t.Errorf("Ready = %v", err)
		}
	})
}

// TestFault59_LeadingBackIsNoContact cuts a member off whose seed leads back to it: it serves what
// was last known for as long.
func TestFault59_LeadingBackIsNoContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 2)
		host, member := c.Network.Host(), c.Members[0].Address()
		var back atomic.Bool
		m := c.Run(host, cluster.Config{Name: "alone", Join: []string{virtualAddress}, Transport: balanced{host, func(int64) string {
			if back.Load() {
				return host.Address().String()
			}
			return member
		}, new(atomic.Int64)}})
		c.AwaitConverged(time.Minute)
		all := c.Members
		back.Store(true)
		c.Cut(all[:2], []*testcluster.Member{m})
		c.AwaitViews(10*time.Second, []*testcluster.Member{m}, isolated)
		stop := throughout(t, []*testcluster.Member{m}, "is isolated, and lists all", func(s view) bool {
			return isolated(s) && lists(all...)(s)
		})
		time.Sleep(10 * time.Minute)
		stop()
		c.Heal()
		c.AwaitConverged(afterHeal)
	})
}
