package cluster_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestFault1_PacketLoss(t *testing.T) {
	for _, loss := range []float64{0.01, 0.1, 0.2, 0.4} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			link := normal
			link.Loss = loss
			virtualOver(t, link, func(t *testing.T, c *testcluster.Cluster) { registerAndDrain(t, c, time.Minute) })
		})
	}
}

func TestFault2_DuplicatesAndReordering(t *testing.T) {
	link := testcluster.Link{Latency: 5 * time.Millisecond, Jitter: 50 * time.Millisecond, Duplicate: 0.3, Reorder: 0.3}
	virtualOver(t, link, func(t *testing.T, c *testcluster.Cluster) { registerAndDrain(t, c, 10*time.Second) })
}

// registerAndDrain holds what every link must allow: that a registration reaches all, that the last of many changes is
// the one that stays, and that nobody picks an instance once its Drain has returned.
func registerAndDrain(t *testing.T, c *testcluster.Cluster, patience time.Duration) {
	t.Helper()
	grow(c, brief(7, 10))
	c.AwaitConverged(patience)
	for i, m := range c.Members {
		registration := mustRegister(t, m, users(m))
		for change := range 5 {
			time.Sleep(time.Duration(i) * time.Millisecond)
			service := users(m)
			service.Weight = 1 + change
			if err := registration.Update(service); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.AwaitConverged(patience)
	for _, drained := range c.Members[:5] {
		if err := drained.Drain(within(t, patience)); err != nil {
			t.Fatalf("drain %s: %v", drained.Name(), err)
		}
		for _, m := range c.Members {
			if picks(m.View().Snapshot(), drained.Name()) {
				t.Errorf("after Drain, %s still picks %s", m.Name(), drained.Name())
			}
		}
	}
	synctest.Wait()
	c.AwaitConverged(patience)
}

// picks says whether new calls to users go to an instance of the member.
func picks(s *membership.Snapshot, name string) bool {
	for _, instance := range s.Available("users") {
		if instance.Member == name {
			return true
		}
	}
	return false
}
