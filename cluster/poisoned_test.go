package cluster_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/internal/peerfile"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault54_PoisonedFile starts with a file of 1,021 addresses that say nothing, as an older release may have left it, and
// one member among them.
func TestFault54_PoisonedFile(t *testing.T) {
	const tarpits = 1021
	for name, tt := range map[string]struct {
		seeded bool
		soon   time.Duration
	}{"by the file alone": {false, 10 * time.Second}, "with a seed": {true, time.Second}} {
		t.Run(name, func(t *testing.T) {
			sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				path := filepath.Join(t.TempDir(), "peers")
				addresses := tarry(t, c, tarpits)
				if member := c.Network.HostAt(netip.MustParseAddr("10.4.200.1")); !tt.seeded {
					c.Run(member, named("m3")) // is last in the order of the file
					addresses = append(addresses, member.Address().String())
				}
				c.AwaitConverged(time.Minute)
				if err := peerfile.Write(path, "test", addresses); err != nil {
					t.Fatal(err)
				}
				config, open := cluster.Config{Name: "new", PeersFile: path, Join: []string{}}, new(dialGauge)
				if tt.seeded {
					config.Join = []string{c.Members[0].Address()}
				}
				host := c.Network.Host()
				config.Transport = gauged{host, open}
				began := time.Now()
				m := c.Run(host, config)
				if err := m.Ready(within(t, tt.soon)); err != nil {
					t.Errorf("Ready = %v", err)
				}
				c.AwaitConverged(tt.soon)
				t.Logf("ready and all known after %v; %d dials at a time", time.Since(began), open.peak())
				if open.peak() > 32 {
					t.Errorf("%d dials at a time", open.peak())
				}
			})
		})
	}
}

// TestFault54_FileOfRefusing starts with a file of 1,000 addresses at which nobody listens: they leave it.
func TestFault54_FileOfRefusing(t *testing.T) {
	sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		path := filepath.Join(t.TempDir(), "peers")
		var old []string
		for i := range 1000 {
			old = append(old, fmt.Sprintf("10.9.%d.%d:7946", i/250, 1+i%250))
		}
		if err := peerfile.Write(path, "test", old); err != nil {
			t.Fatal(err)
		}
		c.Run(c.Network.Host(), cluster.Config{Name: "new", PeersFile: path})
		c.AwaitConverged(time.Second)
		time.Sleep(remembered)
		checkRemembered(t, path, c.Members[0].Address(), c.Members[1].Address())
	})
}

// TestFault54_NobodyRefusesAlone keeps a file whose addresses refuse for as long as nobody was met. The node is ready at once.
func TestFault54_NobodyRefusesAlone(t *testing.T) {
	for _, n := range []int{1, 100, 1000} {
		sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
			path := filepath.Join(t.TempDir(), "peers")
			var old []string
			for i := range n {
				old = append(old, fmt.Sprintf("10.9.%d.%d:7946", i/250, 1+i%250))
			}
			if err := peerfile.Write(path, "test", old); err != nil {
				t.Fatal(err)
			}
			m := c.Run(c.Network.Host(), cluster.Config{Name: "new", PeersFile: path, Join: []string{}})
			if err := m.Ready(within(t, time.Second)); err != nil {
				t.Errorf("Ready = %v", err)
			}
			time.Sleep(time.Minute)
			if got, err := peerfile.Read(path, "test"); err != nil || len(got) != n {
				t.Errorf("the file holds %d addresses, %v, want %d", len(got), err, n)
			}
		})
	}
}

// TestFault54_PoisonedFileFarAway is by the file alone, where a handshake takes longer than the share of an address.
func TestFault54_PoisonedFileFarAway(t *testing.T) {
	sealedOver(t, testcluster.Link{Latency: 20 * time.Millisecond}, func(t *testing.T, c *testcluster.Cluster) {
		path := filepath.Join(t.TempDir(), "peers")
		c.Run(c.Network.HostAt(netip.MustParseAddr("10.4.200.1")), named("m1"))
		if err := peerfile.Write(path, "test", append(tarry(t, c, 300), c.Members[0].Address())); err != nil {
			t.Fatal(err)
		}
		c.Run(c.Network.Host(), cluster.Config{Name: "new", PeersFile: path, Join: []string{}})
		began := time.Now()
		c.AwaitConverged(30 * time.Second)
		t.Logf("found after %v", time.Since(began))
	})
}

// TestFault54_PoisonedByHearsay has a member tell of others at 300 addresses of its choice, by every way there is: none of
// them is written down or dialled more than a few times, and what was there stays.
func TestFault54_PoisonedByHearsay(t *testing.T) {
	const made = 300
	place := func(i int) netip.AddrPort {
		if i == 0 {
			return netip.MustParseAddrPort("169.254.169.254:80")
		}
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 4, byte(i >> 8), byte(i)}), 7946)
	}
	fake := func(i int) string { return fmt.Sprintf("f%d@%016x", i, i+1) }
	for name, lie := range map[string]func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport, victim *testcluster.Member){
		"digest": func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport, victim *testcluster.Member) {
			message := append([]byte{byte(len(malloryID))}, malloryID...)
			message = append(message, 0, 0, 0)
			for i := range made {
				message = membership.Head{Name: fmt.Sprintf("f%d", i), Boot: membership.Boot{Number: 1, ID: uint64(i + 1)}, Version: 1, Form: 2,
					Address: place(i).String()}.Append(message)
			}
			deliver(t, mallory, victim, transport.Kind(7), message)
		},
		"gossip": func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport, victim *testcluster.Member) {
			for i := range made {
				mallory.WriteToAddress(packed(aliveKind, aliveNamed(fake(i), place(i))), at(victim))
				time.Sleep(time.Millisecond)
			}
		},
		"push/pull": func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport, victim *testcluster.Member) {
			values := []any{pushPullHead{made, 0, false}}
			for i := range made {
				ip := place(i).Addr().AsSlice()
				values = append(values, pushPullNode{fake(i), ip, place(i).Port(), meta, 1, 0, vsn})
			}
			offer(t, mallory, victim, packed(pushPullKind, values...))
		},
		"records": func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport, victim *testcluster.Member) {
			for i := range made {
				record := membership.Record{Name: fmt.Sprintf("f%d", i), Boot: membership.Boot{Number: 1, ID: uint64(i + 1)}, Version: 1}
				encoded, err := record.Encode(nil, membership.OldestWireVersion)
				if err != nil {
					t.Fatal(err)
				}
				deliver(t, mallory, victim, recordsKind, hearsay(encoded))
				mallory.WriteToAddress(packed(aliveKind, aliveNamed(fake(i), place(i))), at(victim))
			}
		},
		"its own record": func(t *testing.T, c *testcluster.Cluster, mallory *transport.Transport, victim *testcluster.Member) {
			record := membership.Record{Name: "mallory", Boot: membership.Boot{Number: 1, ID: 1}, Version: 1}
			encoded, err := record.Encode(nil, membership.OldestWireVersion)
			if err != nil {
				t.Fatal(err)
			}
			push := append([]byte{byte(len(place(0).String()))}, place(0).String()...)
			push = slices.Concat(push, []byte{byte(len(meta))}, meta, encoded)
			for range 100 {
				mallory.Send(recordKind, at(victim), push)
				time.Sleep(50 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				path := filepath.Join(t.TempDir(), "peers")
				authority := newPKI(t)
				for _, name := range []string{"m1", "m2", "gone"} {
					c.Run(c.Network.Host(), authority.member(name))
				}
				config, host := authority.member("victim"), c.Network.Host()
				dials := new(dialGauge)
				config.PeersFile, config.Transport = path, gauged{host, dials}
				victim := c.Run(host, config)
				c.AwaitConverged(time.Minute)
				gone := c.Members[2]
				c.Kill(gone)
				want := []string{c.Members[0].Address(), c.Members[1].Address(), gone.Address()}
				time.Sleep(time.Minute)
				mallory := attacker(t, c.Network.Host(), malloryID, authority.identity(authority.issue("mallory")))
				defer mallory.Shutdown()
				deliver(t, mallory, victim, transport.Kind(200), nil) // makes keys
				tarry(t, c, made)                                     // so that made-up members are not found gone at once
				lie(t, c, mallory, victim)
				for range 10 {
					time.Sleep(6 * time.Second)
					if checkRemembered(t, path, want...); t.Failed() {
						break
					}
				}
				number, most := dials.below("10.4.")
				t.Logf("%d made-up addresses were dialled, one of them %d times", number, most)
				if name == "digest" && (number > 64 || most > 3) {
					t.Errorf("%d addresses that nobody proved were dialled, one of them %d times", number, most)
				}
			})
		})
	}
}

func aliveNamed(id string, at netip.AddrPort) aliveWord {
	return aliveWord{1, id, at.Addr().AsSlice(), at.Port(), meta, vsn}
}
