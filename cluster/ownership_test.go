package cluster_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestCallerKeepsItsConfig holds that what was passed to Start may be written to afterwards.
func TestCallerKeepsItsConfig(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		later := c.Network.Host()
		later.Crash() // a seed that is not up yet, so that the node has told nobody
		rack, seeds := map[string]string{"rack": "12"}, []string{later.Address().String()}
		c.Run(c.Network.Host(), cluster.Config{Name: "m1", Metadata: rack, Join: seeds})
		rack["rack"], seeds[0] = "changed", "changed:1"

		seed := c.Run(c.Network.HostAt(later.IP()), cluster.Config{Name: "seed", Join: []string{later.Address().String()}})
		c.AwaitConverged(30 * time.Second)
		if m1, _ := seed.View().Snapshot().Member("m1"); m1.Metadata["rack"] != "12" {
			t.Errorf("the seed sees rack %q", m1.Metadata["rack"])
		}
	})
}

// TestCallerKeepsItsService holds the same of Register and Update.
func TestCallerKeepsItsService(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		service := membership.Service{Name: "users", Address: "a:1", Tags: []string{"a"}, Metadata: map[string]string{"k": "v"}}
		change := func() { service.Tags[0], service.Metadata["k"] = "changed", "changed" }
		registration := mustRegister(t, c.Members[1], service)
		change()
		wantUsers(t, c, []string{"a"}, "v")

		service.Tags, service.Metadata = []string{"b"}, map[string]string{"k": "w"}
		if err := registration.Update(service); err != nil {
			t.Fatal(err)
		}
		change()
		mustRegister(t, c.Members[1], membership.Service{Name: "orders", Address: "a:2"}) // sends the whole record anew
		wantUsers(t, c, []string{"b"}, "w")
	})
}

func wantUsers(t *testing.T, c *testcluster.Cluster, tags []string, value string) {
	t.Helper()
	time.Sleep(prompt)
	synctest.Wait()
	for _, m := range c.Members {
		for _, got := range m.View().Snapshot().Instances("users") {
			if !reflect.DeepEqual(got.Tags, tags) || got.Metadata["k"] != value {
				t.Errorf("%s sees tags %q and metadata %q, want %q and %q", m.Name(), got.Tags, got.Metadata, tags, value)
			}
		}
		if n := len(m.View().Snapshot().Instances("users")); n != 1 {
			t.Errorf("%s sees %d instances", m.Name(), n)
		}
	}
}
