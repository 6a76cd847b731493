package cluster_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestRefusedMembersNameBothClusters has a member of one cluster join by a seed of another: each
// names both, with the address of the other, once a minute.
func TestRefusedMembersNameBothClusters(t *testing.T) {
	secret := cluster.NewSecret()
	for name, tt := range map[string]struct{ home, stranger cluster.Config }{
		"sealed":                       {cluster.Config{Cluster: "shop", Secret: secret}, cluster.Config{Cluster: "blog", Secret: secret}},
		"sealed with different secret": {cluster.Config{Cluster: "shop", Secret: secret}, cluster.Config{Cluster: "blog", Secret: cluster.NewSecret()}},
		"without a secret":             {cluster.Config{Cluster: "shop", Insecure: true}, cluster.Config{Cluster: "blog", Insecure: true}},
		"with certificates":            {cluster.Config{Cluster: "shop"}, cluster.Config{Cluster: "blog"}},
	} {
		t.Run(name, func(t *testing.T) {
			sealed(t, 0, func(t *testing.T, c *testcluster.Cluster) {
				var homeLog, strangerLog lines
				if name == "with certificates" { // of the virtual present
					authority := newPKI(t)
					tt.home.TLS, tt.stranger.TLS = authority.member("home").TLS, authority.member("stranger").TLS
				}
				start := func(name string, config cluster.Config, log *lines) *testcluster.Host {
					host := c.Network.Host()
					config.Name, config.Transport, config.Logger = name, host, zerolog.New(log).Level(zerolog.WarnLevel)
					node, err := cluster.Start(t.Context(), config)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { node.Close() })
					return host
				}
				home := start("home", tt.home, &homeLog)
				tt.stranger.Join = []string{home.Address().String()}
				stranger := start("stranger", tt.stranger, &strangerLog)
				time.Sleep(50 * time.Second)
				for _, side := range []struct {
					log       *lines
					text, met string
				}{
					{&homeLog, `it belongs to \"blog\", and this member to \"shop\"`, stranger.IP().String()},
					{&strangerLog, `it belongs to \"shop\", and this member to \"blog\"`, home.Address().String()},
				} {
					said := 0
					for _, line := range side.log.all() {
						if strings.Contains(line, "no seed answers") && !strings.Contains(line, "join "+side.met) {
							t.Errorf("the line does not name the seed: %s", line)
						}
						if strings.Contains(line, "cluster: refused a peer") {
							said++
							if !strings.Contains(line, side.text) || !strings.Contains(line, fmt.Sprintf(`"address":"%s"`, side.met)) {
								t.Errorf("the line does not name both clusters and the address: %s", line)
							}
						}
					}
					if said != 1 {
						t.Errorf("%d lines within a minute:\n%s", said, strings.Join(side.log.all(), ""))
					}
				}
			})
		})
	}
}
