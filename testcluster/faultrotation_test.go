package testcluster_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// underLoad changes what every member offers ten times a second, until stop is called, and says when a change did not
// reach everybody within a second.
func underLoad(t *testing.T, c *testcluster.Cluster) (stop func()) {
	t.Helper()
	members := slices.Clone(c.Members)
	registrations := make([]membership.Registration, len(members))
	for i, m := range members {
		var err error
		if registrations[i], err = m.Register(membership.Service{Name: "users", Address: "a:1"}); err != nil {
			t.Fatal(err)
		}
	}
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for port := 2; ; port++ {
			i := port % len(registrations)
			address := fmt.Sprintf("a:%d", port%60000)
			if err := registrations[i].Update(membership.Service{Name: "users", Address: address}); err != nil {
				t.Errorf("update: %v", err)
			}
			select {
			case <-end:
				return
			case <-time.After(time.Second):
			}
			for _, m := range members {
				if !slices.Contains(m.View().Snapshot().Addresses("users"), address) {
					t.Errorf("%s has not heard of %s after a second", m.Name(), address)
				}
			}
		}
	}()
	return func() {
		close(end)
		<-done
	}
}

// awaitUse waits until no peer of any member uses a secret but the one that the members use.
func awaitUse(t *testing.T, c *testcluster.Cluster) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for _, m := range c.Members {
		for slices.ContainsFunc(m.Secrets(), func(s cluster.SecretUse) bool { return s.Used != (s.Peers > 0) }) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the old secret is still used: %+v", m.Name(), m.Secrets())
			}
			time.Sleep(time.Second)
		}
	}
}

// TestFault38_Rotation replaces the secret of a running cluster of ten, one member after another, while it works.
func TestFault38_Rotation(t *testing.T) {
	before, after := cluster.NewSecret(), cluster.NewSecret()
	sealed(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		defer throughout(t, c.Members, "lists everybody", lists(c.Members...))()
		defer underLoad(t, c)()
		everybody := func(step func(n *cluster.Node) error) {
			for _, m := range c.Members {
				if err := step(m.Node); err != nil {
					t.Errorf("%s: %v", m.Name(), err)
				}
				time.Sleep(3 * time.Second)
			}
		}
		everybody(func(n *cluster.Node) error { return n.AddSecret(after) })
		everybody(func(n *cluster.Node) error { return n.UseSecret(after) })
		awaitUse(t, c)
		everybody(func(n *cluster.Node) error { return n.RemoveSecret(before) })
		time.Sleep(time.Minute)
		for _, m := range c.Members {
			if uses := m.Secrets(); len(uses) != 1 || uses[0].Peers != 9 {
				t.Errorf("%s: %+v, want one secret that 9 peers use", m.Name(), uses)
			}
		}
		newcomer := c.Run(c.Network.Host(), cluster.Config{Name: "late", Secret: before})
		if err := newcomer.Ready(within(t, 10*time.Second)); err == nil {
			t.Error("a newcomer with the secret that was removed is let in")
		}
		c.Members = c.Members[:10]
		newcomer.Close()
	}, secretly(before))
}

// TestFault38_RotationByFile does the same by writing files.
func TestFault38_RotationByFile(t *testing.T) {
	before, after := cluster.NewSecret(), cluster.NewSecret()
	dir := t.TempDir()
	file := func(i int) string { return filepath.Join(dir, fmt.Sprintf("secret-%d", i)) }
	write := func(i int, content string) {
		t.Helper()
		if err := os.WriteFile(file(i), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		write(i, before)
	}
	fromFiles := testcluster.WithConfig(func(i int, config *cluster.Config) { config.SecretFile = file(i) })
	sealed(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		defer throughout(t, c.Members, "lists everybody", lists(c.Members...))()
		defer underLoad(t, c)()
		for _, content := range []string{before + "\n" + after, after + "\n" + before, "half a secret", after} {
			for i := range 10 {
				write(i, content)
				time.Sleep(3 * time.Second)
			}
			awaitUse(t, c)
		}
		for _, m := range c.Members {
			if uses := m.Secrets(); len(uses) != 1 || uses[0].Peers != 9 {
				t.Errorf("%s: %+v, want one secret that 9 peers use", m.Name(), uses)
			}
		}
	}, fromFiles)
}
