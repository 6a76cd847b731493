package cluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestFault14_RestartOnNewAddress(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		old := c.Members[6]
		c.Kill(old)
		time.Sleep(100 * time.Millisecond) // SWIM knows nothing yet
		restarted := c.Restart(old)
		mustRegister(t, restarted, membership.Service{Name: "users", Address: "restarted:80"})
		c.AwaitViews(time.Second, c.Members, both(members(10), atBoot(old.Name(), restarted.Address(), 2)))
		stop := stays(t, c.Members, "the second boot", atBoot(old.Name(), restarted.Address(), 2))
		time.Sleep(2 * time.Minute)
		stop()
		c.AwaitConverged(0)
	})
}

func TestRestartOnSameAddress(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		old := c.Members[6]
		restarted := c.RestartInPlace(old)
		c.AwaitViews(time.Second, c.Members, both(members(10), atBoot(old.Name(), old.Address(), 2)))
		stop := stays(t, c.Members, "the second boot", atBoot(old.Name(), old.Address(), 2))
		time.Sleep(2 * time.Minute)
		stop()
		if _, err := restarted.Register(users(old)); err != nil {
			t.Error(err)
		}
		c.AwaitConverged(time.Second)
	})
}

// TestManyRestarts holds that each boot outranks all before it, also where some of them lived so briefly that nobody
// heard of them. One that is lost so often may be held back for 28 s, see row 29, if its losses were seen before its returns.
func TestManyRestarts(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Members[4]
		for i := range 12 {
			if i%2 == 0 {
				m = c.Restart(m)
			} else {
				m = c.RestartInPlace(m)
			}
			if i%3 == 0 {
				continue
			}
			c.AwaitViews(time.Minute, c.Members, func(s *membership.Snapshot) bool {
				self, _ := m.View().Snapshot().Member(m.Name()) // who may yet take a higher number: one peer may know of a boot that the others missed
				seen, _ := s.Member(m.Name())
				return seen.Boot == self.Boot && listedAt(seen, m.Address())
			})
		}
		c.AwaitConverged(time.Minute)
	})
}

// atBoot says that a member is listed at an address, with the number of its boot.
func atBoot(name, address string, number uint64) condition {
	return func(s *membership.Snapshot) bool {
		m, ok := s.Member(name)
		return ok && m.Boot.Number == number && listedAt(m, address)
	}
}
