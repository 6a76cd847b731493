package cluster_test

import (
	"context"
	"flag"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// seedFlags parses args where the environment says only what env does of seeds.
func seedFlags(t *testing.T, env map[string]string, args ...string) *cluster.Config {
	t.Helper()
	for _, name := range []string{"GOSSIP_JOIN", "GOSSIP_JOIN_SRV", "GOSSIP_JOIN_FILE", "GOSSIP_PEERS_FILE"} {
		t.Setenv(name, env[name])
	}
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	config := cluster.Flags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatalf("parse %q: %v", args, err)
	}
	return config
}

type providers = []cluster.SeedProvider

// TestFlagsOfSeeds gives each by flag and by environment, and both: then the flag counts, and for the others the environment.
func TestFlagsOfSeeds(t *testing.T) {
	srv, file := cluster.SRVSeeds, cluster.FileSeeds
	for name, tt := range map[string]struct {
		env   map[string]string
		args  []string
		seeds providers
		peers string
	}{
		"none":                {},
		"srv":                 {args: []string{"-gossip.join-srv=a.test."}, seeds: providers{srv("a.test.")}},
		"srv by environment":  {env: map[string]string{"GOSSIP_JOIN_SRV": "a.test., b.test."}, seeds: providers{srv("a.test."), srv("b.test.")}},
		"srv replaced":        {map[string]string{"GOSSIP_JOIN_SRV": "a.test."}, []string{"-gossip.join-srv=b.test."}, providers{srv("b.test.")}, ""},
		"srv taken back":      {env: map[string]string{"GOSSIP_JOIN_SRV": "a.test."}, args: []string{"-gossip.join-srv="}},
		"srv twice":           {args: []string{"-gossip.join-srv=a.test.", "-gossip.join-srv=b.test."}, seeds: providers{srv("a.test."), srv("b.test.")}},
		"file":                {args: []string{"-gossip.join-file=/a"}, seeds: providers{file("/a")}},
		"file by environment": {env: map[string]string{"GOSSIP_JOIN_FILE": "/a"}, seeds: providers{file("/a")}},
		"file replaced":       {map[string]string{"GOSSIP_JOIN_FILE": "/a,/b"}, []string{"-gossip.join-file=/c,/d"}, providers{file("/c"), file("/d")}, ""},
		"both": {map[string]string{"GOSSIP_JOIN_SRV": "a.test.", "GOSSIP_JOIN_FILE": "/a"}, []string{"-gossip.join-file=/b"},
			providers{srv("a.test."), file("/b")}, ""},
		"peers":                {args: []string{"-gossip.peers-file=/p"}, peers: "/p"},
		"peers by environment": {env: map[string]string{"GOSSIP_PEERS_FILE": "/p"}, peers: "/p"},
		"peers replaced":       {env: map[string]string{"GOSSIP_PEERS_FILE": "/p"}, args: []string{"-gossip.peers-file=/q"}, peers: "/q"},
		"peers taken back":     {env: map[string]string{"GOSSIP_PEERS_FILE": "/p"}, args: []string{"-gossip.peers-file="}},
	} {
		t.Run(name, func(t *testing.T) {
			got := seedFlags(t, tt.env, tt.args...)
			if len(got.Seeds) != len(tt.seeds) || len(tt.seeds) > 0 && !reflect.DeepEqual(got.Seeds, tt.seeds) || got.PeersFile != tt.peers {
				t.Errorf("seeds %q and file of peers %q, want %q and %q", got.Seeds, got.PeersFile, tt.seeds, tt.peers)
			}
		})
	}
}

func TestNoProviderIsRefused(t *testing.T) {
	loopback, _ := occupied(t)
	for name, seeds := range map[string]providers{"alone": {nil}, "among others": {cluster.StaticSeeds("a:1"), nil}} {
		field := refused(t, cluster.Config{Bind: loopback, Seeds: seeds})
		if field.Field != "seed provider" || field.Value != "nil" || field.Remedy == "" {
			t.Errorf("%s: refused %q %q with remedy %q", name, field.Field, field.Value, field.Remedy)
		}
	}
}

// TestSeedsStayTheCallers: the node does not write to the slices of its config, and does not see what the caller writes later.
func TestSeedsStayTheCallers(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		late := cluster.SeedFunc(func(context.Context) ([]string, error) {
			t.Error("a provider was asked that the caller has put there later")
			return nil, nil
		})
		seeds := make(providers, 1, 8) // with room, so that an append would write to it
		seeds[0] = cluster.StaticSeeds(c.Members[0].Address())
		join := make([]string, 0, 8)
		m := c.Run(c.Network.Host(), cluster.Config{Name: "new", Seeds: seeds, Join: join})
		seeds[0] = late
		c.AwaitConverged(10 * time.Second)
		time.Sleep(time.Minute)
		if err := m.Ready(t.Context()); err != nil {
			t.Errorf("Ready = %v", err)
		}
		if !slices.Equal(join[:8], make([]string, 8)) || slices.ContainsFunc(seeds[1:8], func(p cluster.SeedProvider) bool { return p != nil }) {
			t.Errorf("the node wrote to the caller's slices: %q, %v", join[:8], seeds[:8])
		}
	})
}
