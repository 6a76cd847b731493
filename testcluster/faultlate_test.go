package testcluster_test

import (
	"context"
	"errors"
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

// soonAfter is how long it may take to join once a provider says whom: attempts are 5 to 15 s apart by then.
const soonAfter = 16 * time.Second

// unready fails the test unless m says that it has not joined, and why, in these words.
func unready(t *testing.T, m *testcluster.Member, why string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := m.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), why) {
		t.Errorf("Ready = %v, want that the time is up and %q", err, why)
	}
}

// TestFault21_SeedsComeLast starts all others, minutes before the seeds: Start returns, and all meet once a seed is there.
func TestFault21_SeedsComeLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 0, plainEveryday()...)
		seed, second := c.Network.Host(), c.Network.Host()
		seeds := []string{seed.Address().String(), second.Address().String()}
		seed.Crash()
		for _, name := range []string{"a", "b", "c", "d"} {
			began := time.Now()
			m := c.Run(c.Network.Host(), cluster.Config{Name: name, Join: seeds})
			if took := time.Since(began); took > time.Second {
				t.Errorf("Start took %v", took)
			}
			unready(t, m, "join "+seeds[0])
		}
		time.Sleep(5 * time.Minute)
		for i, host := range []*testcluster.Host{seed, second} {
			c.Run(c.Network.HostAt(host.IP()), cluster.Config{Name: []string{"seed", "second"}[i], Join: seeds})
			c.AwaitConverged(afterHeal)
		}
		for _, m := range c.Members {
			if err := m.Ready(t.Context()); err != nil {
				t.Errorf("Ready of %s = %v", m.Name(), err)
			}
		}
	})
}

// TestFault22_SeedFileIsWrittenLater has the file of seeds come to be, and change, while a member runs.
func TestFault22_SeedFileIsWrittenLater(t *testing.T) {
	const noticed = 3 * time.Second // a look each second or so
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		path := filepath.Join(t.TempDir(), "seeds")
		write := func(content string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		late := c.Run(c.Network.Host(), cluster.Config{Name: "late", Join: []string{}, Seeds: []cluster.SeedProvider{cluster.FileSeeds(path)}})
		time.Sleep(5 * time.Minute)
		unready(t, late, path)
		write("# none yet\n10.9.9.9:7946\n")
		time.Sleep(5 * time.Minute)
		unready(t, late, "10.9.9.9:7946")
		write("nonsense\n" + c.Members[1].Address() + " # the second\n")
		c.AwaitConverged(noticed)
		if err := late.Ready(t.Context()); err != nil {
			t.Errorf("Ready = %v", err)
		}

		// Two clusters of one name, which never met: the file tells one of the other.
		apart := c.Run(c.Network.Host(), cluster.Config{Name: "apart", Join: []string{}})
		time.Sleep(5 * time.Minute)
		write(c.Members[1].Address() + "\n" + apart.Address() + "\n")
		c.AwaitConverged(noticed)
	})
}

// TestFault22_SeedsGrow has a provider give more while all whom it gave are members: two clusters of one name that never met
// become one.
func TestFault22_SeedsGrow(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		apart := c.Run(c.Network.Host(), cluster.Config{Name: "apart", Join: []string{}})
		known, more := c.Members[0].Address(), new(atomic.Bool)
		provider := cluster.SeedFunc(func(context.Context) ([]string, error) {
			if more.Load() {
				return []string{known, apart.Address()}, nil
			}
			return []string{known}, nil
		})
		c.Run(c.Network.Host(), cluster.Config{Name: "m", Join: []string{}, Seeds: []cluster.SeedProvider{provider}})
		time.Sleep(5 * time.Minute)
		more.Store(true)
		c.AwaitConverged(afterHeal)
	})
}

// TestFault22_SeedFunc has a provider fail, then give an address that is wrong, then another cluster's, then a member's.
func TestFault22_SeedFunc(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		foreign := c.Run(c.Network.Host(), cluster.Config{Name: "foreign", Cluster: "other", Join: []string{}})
		answers := []struct {
			seed string
			err  error
			why  string
		}{
			{"", errors.New("the registry is down"), "the registry is down"},
			{"10.9.9.9:7946", nil, "connection refused"},
			{foreign.Address(), nil, "another cluster"},
			{c.Members[1].Address(), nil, ""},
		}
		var now atomic.Int64
		provider := cluster.SeedFunc(func(context.Context) ([]string, error) {
			answer := answers[now.Load()]
			if answer.seed == "" {
				return nil, answer.err
			}
			return []string{answer.seed}, answer.err
		})
		m := c.Run(c.Network.Host(), cluster.Config{Name: "m", Join: []string{}, Seeds: []cluster.SeedProvider{provider}})
		defer throughout(t, except(c, foreign), "does not list the foreign member", lacks("foreign"))()
		for i, answer := range answers[:len(answers)-1] {
			now.Store(int64(i))
			time.Sleep(time.Minute)
			unready(t, m, answer.why)
		}
		now.Store(int64(len(answers) - 1))
		members := except(c, foreign)
		c.AwaitViews(soonAfter, members, lists(members...))
		if err := m.Ready(t.Context()); err != nil {
			t.Errorf("Ready = %v", err)
		}
	})
}
