package examples_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/cluster"
)

// variable matches a setting in the forms of Kubernetes, Compose and systemd. Without a value it comes from elsewhere.
var variable = regexp.MustCompile(`(?:name: |Environment=|\s)(GOSSIP_[A-Z_]+)(?:\n\s+value: |: |=|\n\s+valueFrom:)([^\s#]*)`)

// TestDeployments starts a member with the environment of each deployment, but for what its host must have.
func TestDeployments(t *testing.T) {
	for _, name := range []string{"kubernetes.yaml", "compose.yaml", "hello.service"} {
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join("deploy", name))
			if err != nil {
				t.Fatal(err)
			}
			found := make(map[string]string)
			for _, match := range variable.FindAllStringSubmatch(string(content), -1) {
				found[match[1]] = match[2]
				t.Setenv(match[1], strings.ReplaceAll(match[2], "%l", "host-1"))
			}
			for _, needed := range []string{"GOSSIP_CLUSTER", "GOSSIP_BIND", "GOSSIP_JOIN", "GOSSIP_SECRET_FILE"} {
				if found[needed] == "" {
					t.Errorf("%s is not set", needed)
				}
			}
			secret := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(secret, []byte(cluster.NewSecret()), 0o600); err != nil {
				t.Fatal(err)
			}
			flags := flag.NewFlagSet(name, flag.ContinueOnError)
			config := cluster.Flags(flags)
			for read := range found {
				if flags.Lookup("gossip."+strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(read, "GOSSIP_"), "_", "-"))) == nil {
					t.Errorf("no flag has the variable %s", read)
				}
			}
			config.SecretFile, config.Bind = secret, "127.0.0.1:0"
			if config.PeersFile != "" {
				config.PeersFile = filepath.Join(t.TempDir(), "peers")
			}
			node, err := cluster.Start(context.Background(), *config)
			if err != nil {
				t.Fatal(err)
			}
			node.Close()
		})
	}
}
