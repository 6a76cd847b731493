package cluster_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

// A process that offers a catalog until it gets SIGTERM, and then ends in order. Here its context ends it, as soon as it can
// see its own offer.
func ExampleRun() {
	ctx, cancel := context.WithCancel(context.Background())
	config := cluster.Config{Name: "catalog-1"}
	err := cluster.Run(ctx, config, func(node *cluster.Node) ([]cluster.Offer, error) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		go func() {
			defer cancel()
			for snapshot := range node.View().Follow(ctx) {
				for _, instance := range snapshot.Available("catalog") {
					fmt.Println("offered at the listener's address:", instance.Address == listener.Addr().String())
					return
				}
			}
		}()
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "all there is") })
		return []cluster.Offer{{
			Service:  membership.Service{Name: "catalog"},
			Listener: listener,
			Server:   &http.Server{Handler: handler},
		}}, nil
	})
	fmt.Println("ended:", err)
	// Output:
	// offered at the listener's address: true
	// ended: <nil>
}
