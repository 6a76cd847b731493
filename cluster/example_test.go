package cluster_test

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

func ExampleStart() {
	ctx := context.Background()
	catalog, err := cluster.Start(ctx, cluster.Config{Name: "catalog-1"})
	if err != nil {
		log.Fatal(err)
	}
	defer catalog.Close()
	if _, err := catalog.Register(membership.Service{Name: "catalog", Address: "10.0.0.7:8080"}); err != nil {
		log.Fatal(err)
	}

	shop, err := cluster.Start(ctx, cluster.Config{Name: "shop-1", Join: []string{catalog.Address()}})
	if err != nil {
		log.Fatal(err)
	}
	defer shop.Close()
	for snapshot := range shop.View().Follow(ctx) {
		if instances := snapshot.Available("catalog"); len(instances) > 0 {
			fmt.Println(instances[0].Member, "offers the catalog at", instances[0].Address)
			break
		}
	}
	// Output: catalog-1 offers the catalog at 10.0.0.7:8080
}

func ExampleFlags() {
	fs := flag.NewFlagSet("catalog", flag.ExitOnError)
	config := cluster.Flags(fs)
	fs.Parse([]string{"-gossip.name=catalog-1", "-gossip.join=10.0.0.7:7946,10.0.0.8:7946"})

	fmt.Println(config.Name)
	fmt.Println(config.Join)
	// Output:
	// catalog-1
	// [10.0.0.7:7946 10.0.0.8:7946]
}

// A process that is told to stop first sees to it that nobody calls it any more.
func ExampleNode_Drain() {
	node, err := cluster.Start(context.Background(), cluster.Config{Name: "catalog-1"})
	if err != nil {
		log.Fatal(err)
	}
	shutdown, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := node.Drain(shutdown); err != nil {
		log.Print(err) // names those that have not confirmed
	}
	// Here the server finishes what it has: server.Shutdown(shutdown).
	if err := node.Leave(shutdown); err != nil {
		log.Print(err)
	}
	_, err = node.Register(membership.Service{Name: "catalog", Address: "10.0.0.7:8080"})
	fmt.Println(err)
	// Output: cluster: register: cluster: node is closed: use of closed network connection
}
