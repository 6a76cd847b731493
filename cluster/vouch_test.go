package cluster_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

const aSecret = "c2b1d6b1f0a94e7b8f3c5d2a7e6f9081c2b1d6b1f0a94e7b8f3c5d2a7e6f9081"

// TestNewcomerIsSeenAtOnce starts one member more, which knows of three: what it pushes makes it known to all others in
// a round trip or two rather than in a gossip interval of memberlist's, sealed or not.
func TestNewcomerIsSeenAtOnce(t *testing.T) {
	for name, edit := range map[string]func(*cluster.Config){
		"plain":  func(config *cluster.Config) { config.Insecure = true },
		"sealed": func(config *cluster.Config) { config.Secret = aSecret },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 0, func(t *testing.T, c *testcluster.Cluster) {
				for i := range 12 {
					config := cluster.Config{Name: string(rune('a' + i))}
					edit(&config)
					c.Run(c.Network.Host(), config)
					c.AwaitViews(3*prompt, c.Members, members(i+1)) // three round trips of a handshake, twice
				}
			})
		})
	}
}
