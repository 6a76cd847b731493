package cluster_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestDrain(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		drained := c.Members[6]
		begin := time.Now()
		for range 2 { // the second waits again
			if err := drained.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took > prompt {
			t.Errorf("Drain took %v", took)
		}
		for _, m := range c.Members { // at once: no waiting here
			if picks(m.View().Snapshot(), drained.Name()) {
				t.Errorf("after Drain, %s still picks the drained instance", m.Name())
			}
			if got := instanceOf(t, m, drained.Name()); got.State != membership.Draining {
				t.Errorf("%s sees state %v", m.Name(), got.State)
			}
		}
	})
}

// TestDrainedIsTheLastResort has every instance drain: then they are called after all.
func TestDrainedIsTheLastResort(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		var drains sync.WaitGroup
		for _, m := range c.Members {
			drains.Go(func() {
				if err := m.Drain(within(t, time.Second)); err != nil {
					t.Errorf("drain %s: %v", m.Name(), err)
				}
			})
		}
		drains.Wait()
		c.AwaitViews(0, c.Members, offers("users", usersAddress(c.Members[0]), usersAddress(c.Members[1]), usersAddress(c.Members[2])))
	})
}

func TestDrainNamesTheUnconfirmed(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		drained, cut := c.Members[0], []*testcluster.Member{c.Members[4], c.Members[2]}
		c.Network.Cut(hosts(c.Members[:1]), hosts(cut))
		begin := time.Now()
		err := drained.Drain(within(t, 2*time.Second))
		var unconfirmed *cluster.UnconfirmedError
		if !errors.As(err, &unconfirmed) || !slices.Equal(unconfirmed.Members, []string{"m3", "m5"}) {
			t.Fatalf("Drain = %v, want it to name m3 and m5", err)
		}
		if took := time.Since(begin); took != 2*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain gave up after %v: %v", took, err)
		}
		c.Heal()
		if err := drained.Drain(within(t, 10*time.Second)); err != nil {
			t.Errorf("Drain after the cut: %v", err)
		}
	})
}

// TestDrainDespiteAKilledPeer does not wait for SWIM to find out: the port of the one that was killed is closed.
func TestDrainDespiteAKilledPeer(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		c.Kill(c.Members[4])
		if err := c.Members[0].Drain(within(t, 2*time.Second)); err != nil {
			t.Errorf("Drain: %v", err)
		}
		c.AwaitConverged(time.Second)
	})
}

func TestDrainTellsRegister(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Members[0]
		registration := mustRegister(t, m, users(m))
		if err := m.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Register(membership.Service{Name: "orders", Address: "a:1"}); !errors.Is(err, cluster.ErrDraining) {
			t.Errorf("Register = %v", err)
		}
		if err := registration.Update(users(m)); !errors.Is(err, cluster.ErrDraining) {
			t.Errorf("Update = %v", err)
		}
		if err := registration.Deregister(); err != nil {
			t.Errorf("Deregister = %v", err)
		}
		c.AwaitViews(prompt, c.Members, offers("users"))
	})
}

// TestDrainedIsNotSuspected holds that who drains goes on to answer: nobody takes it for gone, for as long as that lasts.
func TestDrainedIsNotSuspected(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		drained := c.Members[6]
		if err := drained.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer stays(t, c.Members, "where it drains, and is not suspected", func(s *membership.Snapshot) bool {
			m, listed := s.Member(drained.Name())
			return listed && m.State == membership.Draining && !m.Suspected
		})()
		for _, m := range c.Members {
			m.View().Report(instanceOf(t, m, drained.Name()), membership.TimedOut)
		}
		time.Sleep(brief(2*time.Minute, 5*time.Minute))
	})
}
