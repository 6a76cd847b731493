package cluster_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

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

// The same as Config.Join, beside other providers.
func ExampleStaticSeeds() {
	config := cluster.Config{Name: "shop-1", Seeds: []cluster.SeedProvider{
		cluster.StaticSeeds("10.0.0.7:7946", "10.0.0.8:7946"),
	}}
	fmt.Println(config.Seeds[0].Seeds(context.Background()))
	// Output: [10.0.0.7:7946 10.0.0.8:7946] <nil>
}

// A file that other software writes, one address on each line. The node reads it again when it changes.
func ExampleFileSeeds() {
	dir, err := os.MkdirTemp("", "seeds")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "seeds")
	if err := os.WriteFile(path, []byte("10.0.0.7:7946\n# the spare one:\n10.0.0.8:7946\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	fmt.Println(cluster.FileSeeds(path).Seeds(context.Background()))
	// Output: [10.0.0.7:7946 10.0.0.8:7946] <nil>
}

// DNS knows the members, as with a headless service of Kubernetes that names its port.
func ExampleSRVSeeds() {
	node, err := cluster.Start(context.Background(), cluster.Config{
		Name:       "shop-1",
		Bind:       "0.0.0.0:7946",
		SecretFile: "/run/secrets/gossip",
		Seeds:      []cluster.SeedProvider{cluster.SRVSeeds("_gossip._tcp.shop.example.com")},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()
}
