package testcluster_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// Two hosts on a network that can be cut. A Host is a cluster.Transport: give it to a member's Config.
func ExampleNewNetwork() {
	network := testcluster.NewNetwork(1, testcluster.Link{Latency: time.Millisecond})
	a, b := network.Host(), network.Host()

	a.WriteToAddress([]byte("hello"), cluster.Address{Addr: b.Address().String()})
	packet := <-b.PacketCh()
	fmt.Printf("%s from %s\n", packet.Buf, packet.From)

	network.Cut([]*testcluster.Host{a}, []*testcluster.Host{b})
	_, err := a.DialTimeout(b.Address().String(), 10*time.Millisecond)
	fmt.Println(err)

	network.Heal()
	b.Crash()
	_, err = a.DialTimeout(b.Address().String(), time.Second)
	fmt.Println(err)
	// Output:
	// hello from 10.0.0.1:7946
	// dial tcp 10.0.0.2:7946: i/o timeout
	// dial tcp 10.0.0.2:7946: connect: connection refused
}

// A test of a service whose cluster is cut in two. It stands in a file of tests, as
// func TestUsersSurviveACut(t *testing.T).
func ExampleStart() {
	test := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			users := func(m *testcluster.Member) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					io.WriteString(w, "hello from "+m.Name())
				})
			}
			c := testcluster.Start(t, 5, testcluster.WithService("users", users))
			c.Cut(c.Members[:2], c.Members[2:])
			time.Sleep(time.Minute) // virtual
			if got := c.Members[0].View().Snapshot().Addresses("users"); len(got) != 2 {
				t.Errorf("its own side has %q, want two instances", got)
			}
			c.Heal()
			c.AwaitConverged(time.Minute)
		})
	}
	_ = test // go test calls it
}
