package testcluster_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

const (
	reusedAtOnce   = 20 * time.Second // for which the one who was killed may still be taken for living, and probed
	strangersDials = 2                // of one member to one address of another cluster, while they are watched
)

// strangersWatch is less than what an address is left alone for.
func strangersWatch() time.Duration { return testcluster.Everyday(4*time.Minute, 9*time.Minute) }

// TestFault17_ReusedAddress has a member of another cluster at an address that members of this one know: of one that was
// killed just before, of a seed, or from the file of peers. Neither cluster lists a member of the other for a moment, and
// both soon let the other be, although the strangers have members of this cluster as seeds. One secret is good for both.
func TestFault17_ReusedAddress(t *testing.T) {
	for mode, insecure := range map[string]bool{"sealed": false, "without a secret": true} {
		for name, known := range map[string]func(file string, gone *testcluster.Member) cluster.Config{
			"of a member": func(string, *testcluster.Member) cluster.Config { return cluster.Config{} },
			"as a seed": func(_ string, gone *testcluster.Member) cluster.Config {
				return cluster.Config{Join: []string{gone.Address(), "10.0.0.1:7946"}}
			},
			"as the only seed": func(_ string, gone *testcluster.Member) cluster.Config {
				return cluster.Config{Join: []string{gone.Address()}}
			},
			"in the file of peers": func(file string, _ *testcluster.Member) cluster.Config {
				return cluster.Config{Join: []string{}, PeersFile: file}
			},
		} {
			t.Run(mode+", "+name, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "peers")
				virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
					books := make(map[string]dialBook)
					run := func(host *testcluster.Host, config cluster.Config) *testcluster.Member {
						books[config.Name] = newDialBook(host)
						config.Transport, config.Insecure = books[config.Name], insecure
						return c.Run(host, config)
					}
					run(c.Network.Host(), cluster.Config{Name: "near"})
					keeper := run(c.Network.Host(), cluster.Config{Name: "keeper", PeersFile: file})
					gone := c.Add()
					c.AwaitConverged(time.Minute)
					c.Kill(keeper) // what it has remembered at its end includes the one that is gone
					c.Kill(gone)
					home := []string{c.Members[0].Address(), c.Members[2].Address()}
					stranger := run(c.Network.HostAt(gone.Host.IP()), cluster.Config{Name: "s1", Cluster: "other", Join: home})
					other := run(c.Network.Host(), cluster.Config{Name: "s2", Cluster: "other", Join: []string{stranger.Address()}})
					config := known(file, gone)
					config.Name = "asks"
					run(c.Network.Host(), config)

					defer throughout(t, except(c, nil), "lists members of one cluster", func(s view) bool { return !ofBoth(names(s)) })()
					time.Sleep(reusedAtOnce)
					for _, book := range books {
						book.clear()
					}
					time.Sleep(strangersWatch())
					if got := names(other.View().Snapshot()); len(got) != 2 {
						t.Errorf("the other cluster has members %v, want s1 and s2", got)
					}
					checkLeftAlone(t, books, stranger.Address(), "near", "asks")
					for _, address := range home {
						checkLeftAlone(t, books, address, "s1", "s2")
					}
				}, testcluster.WithConfig(func(_ int, config *cluster.Config) { config.Insecure = insecure }))
			})
		}
	}
}

// ofBoth says that members of both clusters are among names.
func ofBoth(names []string) bool {
	strangers := 0
	for _, name := range names {
		if strings.HasPrefix(name, "s") {
			strangers++
		}
	}
	return strangers > 0 && strangers < len(names)
}

func checkLeftAlone(t *testing.T, books map[string]dialBook, address string, members ...string) {
	t.Helper()
	for _, name := range members {
		if count := books[name].count(address); count > strangersDials {
			t.Errorf("%s dialled %s, of another cluster, %d times in %v, want %d at most", name, address, count, strangersWatch(), strangersDials)
		}
	}
}
