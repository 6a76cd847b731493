// Command dns serves "catalog" over HTTP and, with -dns.listen, answers DNS queries for all services of its cluster. README.md
// beside this file shows how Python, curl and nginx find it.
//
//	go run ./examples/dns -gossip.name catalog-1 -http 127.0.0.1:8080 -dns.listen 127.0.0.1:8600
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint/dnsendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

func main() {
	config := cluster.Flags(flag.CommandLine)
	dns := dnsendpoint.Flags(flag.CommandLine) // -dns.listen, -dns.zone and more
	address := flag.String("http", "127.0.0.1:8080", "IP:port to serve HTTP on")
	flag.Parse()

	catalog := func(node *cluster.Node) ([]cluster.Offer, error) {
		listener, err := net.Listen("tcp", *address)
		if err != nil {
			return nil, fmt.Errorf("-http: %w", err)
		}
		fmt.Printf("%s serves http://%s and gossips at %s\n", node.Name(), listener.Addr(), node.Address())
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "the catalog of", node.Name())
		})}
		return []cluster.Offer{{Service: membership.Service{Name: "catalog"}, Listener: listener, Server: server}}, nil
	}
	answers := cluster.Beside("dns", func(node *cluster.Node) (cluster.Companion, error) { return dns.Listen(node.View()) })
	if err := cluster.Run(context.Background(), *config, catalog, answers); err != nil {
		fmt.Fprintln(os.Stderr, "dns:", err)
		os.Exit(1)
	}
}
