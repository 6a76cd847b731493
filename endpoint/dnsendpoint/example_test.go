package dnsendpoint_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/grapevine-go/grapevine/endpoint/dnsendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// A server answers Go's own resolver, and any other, from a view. In a program the view is that of
// a cluster.Node.
func ExampleServer() {
	store := membership.NewStore("catalog-1")
	store.Apply(membership.Heard{Record: membership.Record{
		Name: "catalog-1", Boot: membership.Boot{Number: 1, ID: 1}, Version: 1,
		Services: []membership.Service{{Name: "catalog", Address: "10.0.0.7:8080"}},
	}})

	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &dnsendpoint.Server{View: store.View(), Zone: "prod.internal."}
	done := make(chan error, 1)
	go func() { done <- server.Serve(conn) }()

	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, found, err := resolver.LookupSRV(ctx, "catalog", "tcp", "service.prod.internal.")
	for _, one := range found {
		fmt.Printf("%s:%d\n", one.Target, one.Port)
	}
	if err != nil {
		fmt.Println(err)
	}

	fmt.Println(server.Shutdown(ctx))
	fmt.Println(<-done)
	// Output:
	// catalog-1.node.prod.internal.:8080
	// <nil>
	// dnsendpoint: server closed: use of closed network connection
}
