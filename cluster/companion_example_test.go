package cluster_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/grapevine-go/grapevine/cluster"
)

// A page beside the services, for an operator on the same host. It answers before the first service
// is registered, and until the process has said goodbye.
func ExampleServerOn() {
	ctx, cancel := context.WithCancel(context.Background())
	page := cluster.Beside("page", func(node *cluster.Node) (cluster.Companion, error) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		go func() {
			defer cancel()
			response, err := http.Get("http://" + listener.Addr().String())
			if err != nil {
				fmt.Println(err)
				return
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			fmt.Printf("%s\n", text)
		}()
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "%s sees %d members", node.Name(), len(node.View().Snapshot().Members()))
		})
		return cluster.ServerOn(listener, &http.Server{Handler: handler}), nil
	})
	offers := func(*cluster.Node) ([]cluster.Offer, error) { return nil, nil }
	err := cluster.Run(ctx, cluster.Config{Name: "catalog-1"}, offers, page)
	fmt.Println("ended:", err)
	// Output:
	// catalog-1 sees 1 members
	// ended: <nil>
}
