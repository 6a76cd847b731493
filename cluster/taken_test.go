package cluster_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestFault16_NameTaken(t *testing.T) {
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		first := c.Members[3]
		stop := stays(t, c.Members, "the first of its name", holds(first))
		begin := time.Now()
		_, err := c.TryRun(c.Network.Host(), named(first.Name()))
		var taken *cluster.NameTakenError
		if !errors.As(err, &taken) || taken.Name != first.Name() || taken.Address != first.Address() {
			t.Fatalf("the second starts with %v, want a NameTakenError for %s at %s", err, first.Name(), first.Address())
		}
		if took := time.Since(begin); took > 100*time.Millisecond || !strings.Contains(err.Error(), first.Address()) {
			t.Errorf("it took %v to say %v", took, err)
		}
		time.Sleep(2 * time.Minute)
		stop()
		if err := first.Drain(within(t, time.Second)); err != nil {
			t.Errorf("the first cannot drain: %v", err)
		}
	})
}

// holds says that m is listed with its boot and its service.
func holds(m *testcluster.Member) condition {
	self, _ := m.View().Snapshot().Member(m.Name())
	return func(s *membership.Snapshot) bool {
		got, ok := s.Member(m.Name())
		return ok && got.Boot == self.Boot && len(got.Services) == 1 && got.Services[0].Address == usersAddress(m)
	}
}

// TestFault16_NameTakenOverLoss repeats it where a third of the answers is missing. It may take longer than Start waits.
func TestFault16_NameTakenOverLoss(t *testing.T) {
	lossy := normal
	lossy.Loss = 0.2
	virtualOver(t, lossy, func(t *testing.T, c *testcluster.Cluster) {
		grow(c, 5)
		c.AwaitConverged(time.Minute)
		for range 10 {
			second, err := c.TryRun(c.Network.Host(), named("m4"))
			if err == nil {
				err = second.Ready(within(t, time.Minute))
				second.Close()
				c.Members = c.Members[:5]
			}
			var taken *cluster.NameTakenError
			if !errors.As(err, &taken) {
				t.Fatalf("the second starts with %v", err)
			}
		}
	})
}
