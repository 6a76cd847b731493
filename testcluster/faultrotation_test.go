package testcluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// rotator is what a node has to offer for its secret to be replaced while it runs.
type rotator interface {
	AddSecret(secret string) error    // accept it too
	UseSecret(secret string) error    // send with it
	RemoveSecret(secret string) error // accept it no longer
}

// TestFault38_Rotation replaces the secret of a running cluster, one member after another.
func TestFault38_Rotation(t *testing.T) {
	if _, ok := any((*cluster.Node)(nil)).(rotator); !ok {
		t.Skip("row 38: a secret cannot be replaced while a node runs yet")
	}
	before, after := cluster.NewSecret(), cluster.NewSecret()
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		defer throughout(t, c.Members, "lists everybody", lists(c.Members...))()
		for _, step := range []func(rotator) error{
			func(r rotator) error { return r.AddSecret(after) },
			func(r rotator) error { return r.UseSecret(after) },
			func(r rotator) error { return r.RemoveSecret(before) },
		} {
			for _, m := range c.Members {
				if err := step(any(m.Node).(rotator)); err != nil {
					t.Errorf("%s: %v", m.Name(), err)
				}
				time.Sleep(time.Minute)
			}
		}
		c.AwaitConverged(0)
	}, secretly(before))
}
