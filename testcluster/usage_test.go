package testcluster_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// greeter stands for a service of yours.
func greeter(m *testcluster.Member) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "hello from %s", m.Name()) })
}

// How a service behaves while the cluster is cut in two, and after: on virtual time, so that minutes take milliseconds.
func TestGreeterThroughAPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 5, testcluster.WithService("greeter", greeter))
		c.AwaitConverged(time.Minute)

		c.Cut(c.Members[:2], c.Members[2:])
		c.AwaitViews(time.Minute, c.Members[:2], func(s *membership.Snapshot) bool { return len(s.Available("greeter")) == 2 })

		client := c.Members[0].Client() // its calls obey the faults of the network
		for _, instance := range c.Members[0].View().Snapshot().Available("greeter") {
			response, err := client.Get("http://" + instance.Address)
			if err != nil {
				t.Fatalf("%s is listed and cannot be called: %v", instance.Member, err)
			}
			response.Body.Close()
		}
		c.Heal()
		c.AwaitConverged(time.Minute)
	})
}

// How soon callers stop to pick an instance that crashed.
func TestGreeterThroughACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 5, testcluster.WithService("greeter", greeter))
		c.AwaitConverged(time.Minute)

		instance := c.Members[3].View().Snapshot().Available("greeter")[3]
		c.Kill(c.Members[3])
		if _, err := c.Members[0].Client().Get("http://" + instance.Address); err == nil {
			t.Fatal("a crashed instance has answered")
		}
		c.Members[0].View().Report(instance, membership.Refused) // as an endpoint.Endpointer does by itself
		c.AwaitViews(time.Second, c.Members, func(s *membership.Snapshot) bool { return len(s.Available("greeter")) == 4 })
	})
}
