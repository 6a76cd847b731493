package cluster

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestUnknownVariables(t *testing.T) {
	given := []string{
		"PATH=/bin", "GOSSIP_SECRET_FILE=/s", "GOSSIP_JOIN=a:1", "GOSSIP_JOIN_SRV=a.", "GOSSIP_ALLOW_LOOPBACK_SERVICES=true", "GOSSIPER=x", "gossip_bind=x", "XGOSSIP_BIND=x",
		"GOSSIP_SECERT_FILE=/s", "GOSSIP_=x", "GOSSIP_PORT=7946", "GOSSIP_SERVICE=x", "GOSSIP_BIND_ADDR=",
		// of Kubernetes, for services called gossip and gossip-seeds
		"GOSSIP_SERVICE_HOST=10.0.0.7", "GOSSIP_SERVICE_PORT=7946", "GOSSIP_SERVICE_PORT_UDP=7946", "GOSSIP_PORT=tcp://10.0.0.7:7946",
		"GOSSIP_PORT_7946_TCP=tcp://10.0.0.7:7946", "GOSSIP_PORT_7946_TCP_PROTO=tcp", "GOSSIP_PORT_7946_UDP_ADDR=10.0.0.7",
		"GOSSIP_SEEDS_SERVICE_HOST=10.0.0.7", "GOSSIP_SEEDS_PORT=udp://10.0.0.7:7946", "GOSSIP_SEEDS_PORT_7946_TCP_PORT=7946",
	}
	want := []string{"GOSSIP_", "GOSSIP_BIND_ADDR", "GOSSIP_PORT", "GOSSIP_SECERT_FILE", "GOSSIP_SERVICE"}
	if got := unknownVariables(given); !slices.Equal(got, want) {
		t.Errorf("unknown are %q, want %q", got, want)
	}
}

func TestNearestVariable(t *testing.T) {
	for name, want := range map[string]string{
		"GOSSIP_SECERT_FILE": "GOSSIP_SECRET_FILE",
		"GOSSIP_SECRETFILE":  "GOSSIP_SECRET_FILE",
		"GOSSIP_SEED":        "",
		"GOSSIP_JION":        "GOSSIP_JOIN",
		"GOSSIP_WIREVERSION": "GOSSIP_WIRE_VERSION",
		"GOSSIP_INSECUR":     "GOSSIP_INSECURE",
		"GOSSIP_NEIGHBOURS":  "",
		"GOSSIP_BIND_ADDR":   "",
	} {
		if got := nearestVariable(name); got != want {
			t.Errorf("nearest to %s is %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"join", "jion", 1}, {"ab", "cba", 2}, {"same", "same", 0}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestUnknownVariablesAreReported, by name alone: a value may be a secret.
func TestUnknownVariablesAreReported(t *testing.T) {
	var log bytes.Buffer
	environment{unknown: unknownVariables([]string{"GOSSIP_SECERT=xyzzy", "GOSSIP_NEIGHBOURS=5"})}.report(zerolog.New(&log))
	said := log.String()
	if strings.Count(said, "\n") != 2 || !strings.Contains(said, `"GOSSIP_SECERT","nearest":"GOSSIP_SECRET"`) ||
		!strings.Contains(said, "GOSSIP_NEIGHBOURS") || strings.Contains(said, "xyzzy") {
		t.Errorf("the log says %s", said)
	}
}
