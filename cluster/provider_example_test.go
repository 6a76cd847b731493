package cluster_test

import (
	"context"
	"fmt"

	"github.com/grapevine-go/grapevine/cluster"
)

// inventory stands for whatever knows the hosts of a company: the API of a cloud, a database, another registry.
type inventory struct{}

func (inventory) Hosts(ctx context.Context, role string) ([]string, error) {
	return []string{"10.0.0.7", "10.0.0.8"}, ctx.Err()
}

func ExampleSeedFunc() {
	var hosts inventory
	provider := cluster.SeedFunc(func(ctx context.Context) (seeds []string, err error) {
		found, err := hosts.Hosts(ctx, "gossip")
		for _, host := range found {
			seeds = append(seeds, host+":7946")
		}
		return seeds, err
	})
	fmt.Println(provider.Seeds(context.Background()))
	// Output: [10.0.0.7:7946 10.0.0.8:7946] <nil>
}
