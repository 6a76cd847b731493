package cluster_test

import (
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestFault33_WatcherThatNeverReads(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		watched := c.Members[0]
		next, stop := iter.Pull(watched.View().Watch(t.Context()))
		defer stop()
		next() // and never again, until the end
		stopWatching := stays(t, c.Members, "all three", members(3))
		registration := mustRegister(t, c.Members[1], users(c.Members[1]))
		for port := range 100 {
			service := membership.Service{Name: "users", Address: fmt.Sprintf("a:%d", 1+port)}
			if err := registration.Update(service); err != nil {
				t.Fatal(err)
			}
			c.AwaitViews(time.Second, c.Members, offers("users", service.Address))
		}
		time.Sleep(time.Minute)
		stopWatching()
		if err := c.Members[1].Drain(within(t, time.Second)); err != nil {
			t.Errorf("Drain: %v", err)
		}
		synctest.Wait()
		if latest, ok := next(); !ok || latest != watched.View().Snapshot() {
			t.Error("the watcher that reads again does not get the latest")
		}
	})
}
