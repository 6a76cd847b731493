package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// normal is a link on which nothing goes wrong.
var normal = testcluster.Link{Latency: time.Millisecond}

// virtual runs test on virtual time, with a cluster of n members that all see each other. In the everyday run they are
// plain, which spares the handshakes; the long run seals them. Tests of attacks and of encryption use sealed.
func virtual(t *testing.T, n int, test func(t *testing.T, c *testcluster.Cluster)) {
	t.Helper()
	virtualOver(t, normal, converged(n, test))
}

// virtualOver runs test on virtual time, with a cluster that has no members yet and whose links are all alike.
func virtualOver(t *testing.T, link testcluster.Link, test func(t *testing.T, c *testcluster.Cluster)) {
	t.Helper()
	plain := everyday([]testcluster.Option{testcluster.WithInsecure()}, nil)
	clusterOver(t, test, append(plain, testcluster.WithLink(link))...)
}

// sealed is virtual with members that always share a secret.
func sealed(t *testing.T, n int, test func(t *testing.T, c *testcluster.Cluster)) {
	t.Helper()
	sealedOver(t, normal, converged(n, test))
}

// sealedOver is virtualOver with members that always share a secret.
func sealedOver(t *testing.T, link testcluster.Link, test func(t *testing.T, c *testcluster.Cluster)) {
	t.Helper()
	clusterOver(t, test, testcluster.WithLink(link))
}

// converged is test after n members have joined that all see each other.
func converged(n int, test func(t *testing.T, c *testcluster.Cluster)) func(t *testing.T, c *testcluster.Cluster) {
	return func(t *testing.T, c *testcluster.Cluster) {
		grow(c, n)
		c.AwaitConverged(time.Minute)
		test(t, c)
	}
}

func clusterOver(t *testing.T, test func(t *testing.T, c *testcluster.Cluster), options ...testcluster.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 0, options...)
		defer time.Sleep(time.Minute) // memberlist's probes outlive its Shutdown
		defer c.Close()
		test(t, c)
	})
}

func grow(c *testcluster.Cluster, n int) {
	for range n {
		c.Add()
	}
}

func hosts(members []*testcluster.Member) []*testcluster.Host {
	var hosts []*testcluster.Host
	for _, m := range members {
		hosts = append(hosts, m.Host)
	}
	return hosts
}

// others gives the members of c but those named.
func others(c *testcluster.Cluster, but ...*testcluster.Member) []*testcluster.Member {
	return slices.DeleteFunc(slices.Clone(c.Members), func(m *testcluster.Member) bool { return slices.Contains(but, m) })
}

// The following say what a view must hold.

type condition = func(*membership.Snapshot) bool

func members(n int) condition {
	return func(s *membership.Snapshot) bool { return len(s.Members()) == n && s.Err() == nil }
}

func offers(service string, addresses ...string) condition {
	return func(s *membership.Snapshot) bool { return slices.Equal(s.Addresses(service), addresses) }
}

func lacks(name string) condition {
	return func(s *membership.Snapshot) bool {
		_, ok := s.Member(name)
		return !ok
	}
}

func isolated(s *membership.Snapshot) bool { return s.Err() == membership.ErrIsolated }

func not(right condition) condition { return func(s *membership.Snapshot) bool { return !right(s) } }

func both(one, other condition) condition {
	return func(s *membership.Snapshot) bool { return one(s) && other(s) }
}

// stays fails the test as soon as a view of one of watched is not right, at any moment until stop is called.
func stays(t *testing.T, watched []*testcluster.Member, what string, right condition) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}, len(watched)) // nobody takes them from a test that failed
	for _, m := range watched {
		go func() {
			for snapshot := range m.View().Follow(ctx) {
				if !right(snapshot) && ctx.Err() == nil {
					t.Errorf("in the view of %s: not %s", m.Name(), what)
					break
				}
			}
			done <- struct{}{}
		}()
	}
	return func() {
		synctest.Wait()
		cancel()
		for range watched {
			<-done
		}
	}
}

// within is a context that ends after d of virtual time.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func mustRegister(t *testing.T, m *testcluster.Member, service membership.Service) membership.Registration {
	t.Helper()
	registration, err := m.Register(service)
	if err != nil {
		t.Fatalf("register on %s: %v", m.Name(), err)
	}
	return registration
}

// users is what most tests offer: the service at an address of its own.
func users(m *testcluster.Member) membership.Service {
	return membership.Service{Name: "users", Address: usersAddress(m)}
}

func usersAddress(m *testcluster.Member) string { return fmt.Sprintf("%s.example:80", m.Name()) }

// named completes a config but for its name.
func named(name string) cluster.Config { return cluster.Config{Name: name} }
