package cluster_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// blocked is a network that carries streams alone.
func blocked(t *testing.T, test func(t *testing.T, c *testcluster.Cluster)) {
	link := normal
	link.NoDatagrams = true
	virtualOver(t, link, func(t *testing.T, c *testcluster.Cluster) {
		grow(c, 5)
		c.AwaitConverged(2 * time.Minute)
		test(t, c)
	})
}

func TestFault6_UDPBlocked(t *testing.T) {
	blocked(t, func(t *testing.T, c *testcluster.Cluster) {
		stop := stays(t, c.Members, "all five", members(5))
		mustRegister(t, c.Members[1], users(c.Members[1]))
		c.AwaitViews(10*time.Second, c.Members, offers("users", usersAddress(c.Members[1])))
		time.Sleep(3 * time.Minute)
		stop()
		if err := c.Members[1].Drain(within(t, 10*time.Second)); err != nil {
			t.Errorf("drain: %v", err)
		}
		c.Kill(c.Members[2])
		c.AwaitConverged(time.Minute) // each finds out for itself: suspicions travel by datagram
	})
}

// TestFault6_ManyChanges has the next change come before the last one was given up on as a datagram.
func TestFault6_ManyChanges(t *testing.T) {
	blocked(t, func(t *testing.T, c *testcluster.Cluster) {
		registration := mustRegister(t, c.Members[1], users(c.Members[1]))
		for port := range 20 {
			time.Sleep(300 * time.Millisecond)
			service := membership.Service{Name: "users", Address: fmt.Sprintf("a:%d", 1+port)}
			if err := registration.Update(service); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for _, m := range c.Members {
			if len(m.View().Snapshot().Instances("users")) == 0 {
				t.Errorf("after six seconds of changes %s has heard of none", m.Name())
			}
		}
	})
}
