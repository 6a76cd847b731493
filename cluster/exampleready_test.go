package cluster_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// readiness answers 200 once the node has joined its cluster, and the reason why it has not before that.
func readiness(node *cluster.Node) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 100*time.Millisecond)
		defer cancel()
		if err := node.Ready(ctx); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}
}

// A probe of readiness, as Kubernetes and load balancers make.
func ExampleNode_Ready() {
	node, err := cluster.Start(context.Background(), cluster.Config{Name: "catalog-1"}) // without seeds, ready at once
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()

	answer := httptest.NewRecorder()
	readiness(node)(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	fmt.Println(answer.Code)
	// Output: 200
}
