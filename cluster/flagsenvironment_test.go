package cluster_test

import (
	"flag"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
)

// TestUnusableEnvironment: Start refuses a value of the environment that the flag refuses, unless a flag replaces it.
func TestUnusableEnvironment(t *testing.T) {
	loopback, _ := occupied(t)
	for name, tt := range map[string]struct {
		variable, value string
		flag            string // replaces it
	}{
		"a word for a number":  {"GOSSIP_WIRE_VERSION", "one", "-gossip.wire-version=1"},
		"a number too large":   {"GOSSIP_WIRE_VERSION", "256", "-gossip.wire-version="},
		"a number below 0":     {"GOSSIP_WIRE_VERSION", "-1", "-gossip.wire-version=1"},
		"a number in space":    {"GOSSIP_WIRE_VERSION", " 1", "-gossip.wire-version=1"},
		"a number for a time":  {"GOSSIP_LINGER", "2", "-gossip.linger=2s"},
		"a time below 0":       {"GOSSIP_LINGER", "-2s", "-gossip.linger="},
		"a word for a bool":    {"GOSSIP_INSECURE", "yes", "-gossip.insecure"},
		"a word, turned off":   {"GOSSIP_INSECURE", "off", "-gossip.insecure=false"},
		"a bool in space":      {"GOSSIP_INSECURE", "true ", "-gossip.insecure"},
		"a word for loopback":  {"GOSSIP_ALLOW_LOOPBACK_SERVICES", "on", "-gossip.allow-loopback-services=0"},
		"a space for loopback": {"GOSSIP_ALLOW_LOOPBACK_SERVICES", " ", "-gossip.allow-loopback-services"},
	} {
		t.Run(name, func(t *testing.T) {
			config := parse(t, map[string]string{tt.variable: tt.value})
			config.Bind = loopback
			field := refused(t, *config)
			if field.Field != "environment variable "+tt.variable || field.Value != tt.value || field.Remedy == "" ||
				!strings.Contains(field.Error(), strings.Split(tt.flag, "=")[0]) {
				t.Errorf("refused with %v, want an error that names the variable, its value, the flag and a remedy", field)
			}
			config = parse(t, map[string]string{tt.variable: tt.value}, tt.flag)
			without := parse(t, nil, tt.flag)
			if !reflect.DeepEqual(config, without) {
				t.Errorf("%s leaves %+v of the environment, want %+v", tt.flag, *config, *without)
			}
			node, err := cluster.Start(t.Context(), *config)
			if err != nil {
				t.Fatalf("%s replaces the variable, and still: %v", tt.flag, err)
			}
			node.Close()
		})
	}
}

// TestUnusableEnvironmentAlone: a flag replaces its own variable and no other.
func TestUnusableEnvironmentAlone(t *testing.T) {
	config := parse(t, map[string]string{"GOSSIP_WIRE_VERSION": "one", "GOSSIP_INSECURE": "yes"}, "-gossip.insecure")
	wantFieldError(t, startError(t, *config), "environment variable GOSSIP_WIRE_VERSION", "one")
}

// TestUnusableSRVName is no domain name: no record can ever be found.
func TestUnusableSRVName(t *testing.T) {
	for _, name := range []string{"_gossip._tcp shop", "http://shop.example/", "shop.example:7946", "shop..example", "."} {
		err := startError(t, *parse(t, map[string]string{"GOSSIP_JOIN_SRV": name}))
		wantFieldError(t, err, "name of SRV records", name)
		if err != nil && !strings.Contains(err.Error(), "-gossip.join-srv, $GOSSIP_JOIN_SRV") {
			t.Errorf("%v does not name the flag", err)
		}
	}
}

func startError(t *testing.T, config cluster.Config) error {
	t.Helper()
	node, err := cluster.Start(t.Context(), config)
	if err == nil {
		node.Close()
	}
	return err
}

// TestEmptyEnvironment: an empty variable is none.
func TestEmptyEnvironment(t *testing.T) {
	if got := parse(t, nil); !reflect.DeepEqual(*got, cluster.Config{}) {
		t.Errorf("empty variables give %+v", *got)
	}
}

// TestUnusableFlags: the flag package adds the flag and the value.
func TestUnusableFlags(t *testing.T) {
	for _, arg := range []string{"-gossip.wire-version=one", "-gossip.insecure=yes", "-gossip.allow-loopback-services=yes",
		"-gossip.linger=2", "-gossip.linger=-1s"} {
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		cluster.Flags(fs)
		name, value, _ := strings.Cut(arg, "=")
		err := fs.Parse([]string{arg})
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) || !strings.Contains(err.Error(), ": use ") {
			t.Errorf("%s: %v, want the flag, the value and a remedy", arg, err)
		}
	}
}

// TestUnknownVariable is a typo in the environment of a process, which Start reports.
func TestUnknownVariable(t *testing.T) {
	t.Setenv("GOSSIP_SECERT_FILE", "/run/secret")
	config := parse(t, nil)
	var log lines
	config.Logger = zerolog.New(&log)
	start(t, *config)
	if said := strings.Join(log.all(), ""); strings.Count(said, "GOSSIP_SECERT_FILE") != 1 || !strings.Contains(said, "GOSSIP_SECRET_FILE") {
		t.Errorf("the log says %s, want one line that names the variable and the one that was meant", said)
	}
}

// TestVariablesOfAllFlags: each flag that Flags defines is read from its variable, and is not taken for unknown.
func TestVariablesOfAllFlags(t *testing.T) {
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	cluster.Flags(fs)
	var variables []string
	fs.VisitAll(func(f *flag.Flag) {
		variable := strings.ToUpper(strings.NewReplacer("gossip.", "GOSSIP_", "-", "_").Replace(f.Name))
		if !strings.HasSuffix(f.Usage, "[$"+variable+"]") {
			t.Errorf("-%s does not name its variable: %s", f.Name, f.Usage)
		}
		variables = append(variables, variable)
	})
	for _, variable := range variables {
		t.Setenv(variable, "1")
	}
	config := cluster.Flags(flag.NewFlagSet("test", flag.ContinueOnError))
	value := reflect.ValueOf(*config)
	if unknown := value.FieldByName("environment").FieldByName("unknown"); unknown.Len() > 0 {
		t.Errorf("unknown are %v", unknown)
	}
	if len(config.Seeds) != 2 || !slices.Equal(config.Join, []string{"1"}) || config.Secret != "1" || !config.Insecure || config.WireVersion != 1 {
		t.Errorf("not all variables are read: %+v", *config)
	}
}
