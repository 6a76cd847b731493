package cluster_test

import (
	"bytes"
	"flag"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// parse gives what the flags make of args, with no environment but env.
func parse(t *testing.T, env map[string]string, args ...string) *cluster.Config {
	t.Helper()
	for _, name := range []string{"NAME", "CLUSTER", "BIND", "ADVERTISE", "JOIN", "JOIN_SRV", "JOIN_FILE", "PEERS_FILE",
		"SECRET", "SECRET_FILE", "CERT_FILE", "KEY_FILE", "CA_FILE", "INSECURE", "ZONE", "WIRE_VERSION",
		"ALLOW_LOOPBACK_SERVICES", "LINGER"} {
		t.Setenv("GOSSIP_"+name, env["GOSSIP_"+name])
	}
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	config := cluster.Flags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatalf("parse %q: %v", args, err)
	}
	return config
}

func TestFlags(t *testing.T) {
	for name, tt := range map[string]struct {
		flag, value string
		want        cluster.Config
	}{
		"name":        {"-gossip.name", "catalog-1", cluster.Config{Name: "catalog-1"}},
		"cluster":     {"-gossip.cluster", "shop", cluster.Config{Cluster: "shop"}},
		"bind":        {"-gossip.bind", "0.0.0.0:7946", cluster.Config{Bind: "0.0.0.0:7946"}},
		"advertise":   {"-gossip.advertise", "10.0.0.7", cluster.Config{Advertise: "10.0.0.7"}},
		"join":        {"-gossip.join", "a:1", cluster.Config{Join: []string{"a:1"}}},
		"several":     {"-gossip.join", "a:1, b:2,,", cluster.Config{Join: []string{"a:1", "b:2"}}},
		"secret":      {"-gossip.secret", "s3cret", cluster.Config{Secret: "s3cret"}},
		"secret file": {"-gossip.secret-file", "/run/secret", cluster.Config{SecretFile: "/run/secret"}},
		"certificate": {"-gossip.cert-file", "/run/a.pem", cluster.Config{CertFile: "/run/a.pem"}},
		"key":         {"-gossip.key-file", "/run/a.key", cluster.Config{KeyFile: "/run/a.key"}},
		"authorities": {"-gossip.ca-file", "/run/ca.pem", cluster.Config{CAFile: "/run/ca.pem"}},
		"insecure":    {"-gossip.insecure", "true", cluster.Config{Insecure: true}},
		"zone":        {"-gossip.zone", "eu-1", cluster.Config{Zone: "eu-1"}},
		"wire form":   {"-gossip.wire-version", "1", cluster.Config{WireVersion: 1}},
		"newest form": {"-gossip.wire-version", "", cluster.Config{}},
		"linger":      {"-gossip.linger", "2s", cluster.Config{Linger: 2 * time.Second}},
		"no linger":   {"-gossip.linger", "", cluster.Config{}},
		"loopback":    {"-gossip.allow-loopback-services", "true", cluster.Config{AllowLoopbackServices: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parse(t, nil, tt.flag+"="+tt.value); !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("%s=%s gives %+v, want %+v", tt.flag, tt.value, *got, tt.want)
			}
			variable := strings.ToUpper(strings.NewReplacer("-gossip.", "GOSSIP_", "-", "_").Replace(tt.flag))
			if got := parse(t, map[string]string{variable: tt.value}); !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("%s=%s gives %+v, want %+v", variable, tt.value, *got, tt.want)
			}
		})
	}
}

func TestFlagReplacesEnvironment(t *testing.T) {
	env := map[string]string{"GOSSIP_NAME": "env", "GOSSIP_JOIN": "env:1,env:2", "GOSSIP_INSECURE": "true", "GOSSIP_ZONE": "env",
		"GOSSIP_WIRE_VERSION": "1", "GOSSIP_LINGER": "1s"}
	got := parse(t, env, "-gossip.name=flag", "-gossip.join=a:1", "-gossip.join", "b:2,c:3", "-gossip.insecure=false", "-gossip.wire-version=2",
		"-gossip.linger=2s")
	want := cluster.Config{Name: "flag", Join: []string{"a:1", "b:2", "c:3"}, Zone: "env", WireVersion: 2, Linger: 2 * time.Second}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	if got := parse(t, env, "-gossip.join="); got.Join != nil {
		t.Errorf("an empty -gossip.join leaves %q", got.Join)
	}
}

func TestFlagsHelp(t *testing.T) {
	t.Setenv("GOSSIP_SECRET", "s3cret-of-the-environment")
	t.Setenv("GOSSIP_JOIN", "a:1,b:2")
	var help bytes.Buffer
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(&help)
	config := cluster.Flags(fs)
	fs.PrintDefaults()
	for _, name := range []string{"name", "cluster", "bind", "advertise", "join", "secret", "secret-file", "cert-file", "key-file", "ca-file", "insecure", "zone", "wire-version", "linger",
		"allow-loopback-services"} {
		if !strings.Contains(help.String(), "-gossip."+name) {
			t.Errorf("-gossip.%s is not in the help:\n%s", name, &help)
		}
	}
	if !strings.Contains(help.String(), "a:1,b:2") {
		t.Errorf("the seeds of the environment are not in the help:\n%s", &help)
	}
	if strings.Contains(help.String(), config.Secret) || strings.Contains(help.String(), "panic") {
		t.Errorf("the help should not say this:\n%s", &help)
	}
}

func TestFlagsGiveADefaultNode(t *testing.T) {
	node, err := cluster.Start(t.Context(), *parse(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	if !strings.HasPrefix(node.Address(), "127.0.0.1:") {
		t.Errorf("without flags the node is at %s, want loopback", node.Address())
	}
}
