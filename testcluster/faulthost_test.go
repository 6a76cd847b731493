package testcluster_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault13_VanishedHost has a host lose its power: nothing refuses a connection. Its neighbours are not connected yet.
func TestFault13_VanishedHost(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		vanished := c.Members[4]
		c.Vanish(vanished)
		defer throughout(t, c.Members, "lists all others", lists(c.Members...))()
		began := time.Now()
		c.AwaitConverged(15 * time.Second)
		t.Logf("dropped everywhere after %v", time.Since(began))
		time.Sleep(2 * time.Minute)
		c.AwaitConverged(0)
	})
}

// TestFault15_SameAddressNewName has another process take the port of one that was killed.
func TestFault15_SameAddressNewName(t *testing.T) { supersede(t, 15*time.Second) }

func TestFault15_AtOnce(t *testing.T) {
	supersede(t, time.Second)
}

func supersede(t *testing.T, patience time.Duration) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		old := c.Members[4]
		began := time.Now()
		next := c.Replace(old, "successor")
		c.AwaitViews(patience, c.Members, func(s view) bool { return lists(next)(s) && lacks(old.Name())(s) })
		t.Logf("superseded everywhere after %v", time.Since(began))
		defer throughout(t, c.Members, "lists everybody but the old one", func(s view) bool {
			return lists(c.Members...)(s) && lacks(old.Name())(s)
		})()
		time.Sleep(2 * time.Minute)
	})
}

// impostor is a host that gives the address of another for its own, as two hosts with one IP do. What is sent to the
// address reaches the other one only.
type impostor struct {
	cluster.Transport
	claims *testcluster.Host
}

func (i impostor) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return i.claims.IP().AsSlice(), int(i.claims.Address().Port()), nil
}

// TestFault9_TwoHostsWithOneIP holds that third parties stay as they were.
func TestFault9_TwoHostsWithOneIP(t *testing.T) {
	virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
		victim, bystanders := c.Members[3], except(c, c.Members[3])
		defer throughout(t, bystanders, "lists all others", lists(bystanders...))()
		host := c.Network.Host()
		_, err := c.TryRun(host, cluster.Config{Name: "second", Transport: impostor{host, victim.Host}})
		t.Logf("the second host starts with %v", err) // either is right
		time.Sleep(3 * time.Minute)
	})
}

// TestFault25_MassFailure has most instances of a service vanish at once, as when a switch fails: more likely it is the
// witness who is cut off than all of them dead, so what was last known stays. The log says so once. Of one whose host is back,
// without its process, there is proof: that one alone is let go.
func TestFault25_MassFailure(t *testing.T) {
	var log lockedBuffer
	virtual(t, 7, func(t *testing.T, c *testcluster.Cluster) {
		for _, m := range c.Members[:4] {
			if _, err := m.Register(membership.Service{Name: "users", Address: m.Host.IP().String() + ":80"}); err != nil {
				t.Fatal(err)
			}
		}
		c.AwaitConverged(time.Second)
		defer throughout(t, c.Members[4:], "has an instance to call", func(s view) bool { return len(s.Addresses("users")) > 0 })()
		back := c.Members[2]
		for range 4 {
			c.Vanish(c.Members[0])
		}
		time.Sleep(30 * time.Second)
		for _, m := range c.Members {
			instances := m.View().Snapshot().Instances("users")
			if len(instances) < 3 {
				t.Errorf("the view of %s holds %v", m.Name(), instances)
			}
			for _, instance := range instances {
				if !instance.Suspected {
					t.Errorf("the view of %s does not say that %s is suspected", m.Name(), instance.Member)
				}
			}
		}
		if said := strings.Count(log.String(), "too many fell silent together"); said != len(c.Members) {
			t.Errorf("%d members say so %d times:\n%s", len(c.Members), said, log.String())
		}
		c.Network.HostAt(back.Host.IP()).Crash() // its system refuses
		c.AwaitViews(time.Minute, c.Members, lacks(back.Name()))
		time.Sleep(10 * time.Minute)
		for _, m := range c.Members {
			if instances := m.View().Snapshot().Instances("users"); len(instances) < 2 {
				t.Errorf("in the end the view of %s holds %v", m.Name(), instances)
			}
			if why, _ := m.View().Why(back.Name()); why.Standing != membership.StandingGone {
				t.Errorf("why: %+v", why)
			}
		}
	}, testcluster.WithConfig(func(_ int, config *cluster.Config) { config.Logger = zerolog.New(&log).Level(zerolog.WarnLevel) }))
}
