package testcluster_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/testcluster"
)

// Calls by name over the simulated network: none fails while an instance crashes, another leaves in order, and a link
// loses a tenth of its datagrams.
func TestGreeterIsCalledByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 5, testcluster.WithService("greeter", greeter))
		c.AwaitConverged(time.Minute)
		caller := c.Members[0]
		transport := &endpoint.Transport{View: caller.View(), Base: caller.Client().Transport, Policy: balancer.RoundRobin}
		defer transport.Close()
		client := &http.Client{Transport: transport, Timeout: time.Minute} // virtual

		c.Network.SetLink(caller.Host, c.Members[1].Host, testcluster.Link{Latency: 50 * time.Millisecond, Loss: 0.1})
		for i := range 100 {
			switch i {
			case 30:
				c.Kill(c.Members[4])
			case 60:
				if err := c.Leave(c.Members[3]); err != nil {
					t.Error(err)
				}
			}
			response, err := client.Get("http://greeter/")
			if err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
			response.Body.Close()
			if i%10 == 9 {
				time.Sleep(time.Second) // virtual
			}
		}
	})
}
