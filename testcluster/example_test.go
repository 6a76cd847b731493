package testcluster_test

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// Two hosts on a network that can be cut. A Host is a cluster.Transport: give it to a member's Config.
func ExampleNetwork() {
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
