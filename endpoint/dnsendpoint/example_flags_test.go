package dnsendpoint_test

import (
	"context"
	"flag"
	"fmt"
	"net"

	"github.com/grapevine-go/grapevine/endpoint/dnsendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// A process of cluster.Run hands Listen to cluster.Beside, which serves, lets clients linger and
// shuts down. This is what happens then.
func ExampleFlags() {
	fs := flag.NewFlagSet("users", flag.ExitOnError)
	config := dnsendpoint.Flags(fs)
	fs.Parse([]string{"-dns.listen", ":0", "-dns.zone", "prod.internal."}) // usually os.Args[1:] and :8600

	store := membership.NewStore("frontend-1") // usually that of a cluster.Node
	users := membership.Record{Name: "users-1", Boot: membership.Boot{Number: 1, ID: 7}, Version: 1,
		Services: []membership.Service{{Name: "users", Address: "10.0.0.7:8080"}}}
	store.Apply(membership.Heard{Record: users}, membership.Up{Name: users.Name, BootID: users.Boot.ID})

	listener, err := config.Listen(store.View())
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error, 1)
	go func() { served <- listener.Serve() }()

	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, listener.Addr().String())
	}}
	fmt.Println(resolver.LookupHost(context.Background(), "users.service.prod.internal."))

	fmt.Println(listener.Shutdown(context.Background()))
	fmt.Println(<-served)
	// Output:
	// [10.0.0.7] <nil>
	// <nil>
	// dnsendpoint: server closed: use of closed network connection
}
