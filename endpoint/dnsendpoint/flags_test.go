package dnsendpoint

import (
	"errors"
	"flag"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// parsedFlags returns the Config of arguments, on a flag set that has -gossip.cluster too.
func parsedFlags(t *testing.T, arguments ...string) *Config {
	t.Helper()
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	c := Flags(fs)
	fs.String(clusterFlag, "", "") // whichever comes first
	if err := fs.Parse(arguments); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFlags(t *testing.T) {
	type want struct {
		addresses    []string
		zone, prefer string
		ttl          time.Duration
	}
	for name, tt := range map[string]struct {
		environment map[string]string
		arguments   []string
		want        want
	}{
		"none": {},
		"all": {nil, []string{"-dns.listen", ":8600", "-dns.zone", "shop.test.", "-dns.ttl", "5s", "-dns.prefer-zone", "eu-1"},
			want{[]string{":8600"}, "shop.test.", "eu-1", 5 * time.Second}},
		"of the environment": {map[string]string{"DNS_LISTEN": "8600", "DNS_ZONE": "shop.test.", "DNS_TTL": "2s", "DNS_PREFER_ZONE": "eu-2"}, nil,
			want{[]string{"8600"}, "shop.test.", "eu-2", 2 * time.Second}},
		"a flag replaces its variable": {map[string]string{"DNS_LISTEN": "8600", "DNS_TTL": "half"}, []string{"-dns.listen=:53", "-dns.ttl=3s"},
			want{addresses: []string{":53"}, ttl: 3 * time.Second}},
		"off in spite of the environment": {map[string]string{"DNS_LISTEN": "8600"}, []string{"-dns.listen="}, want{}},
		"several addresses": {nil, []string{"-dns.listen", ":8600, 10.0.0.7:8600", "-dns.listen=[::1]:8600"},
			want{addresses: []string{":8600", "10.0.0.7:8600", "[::1]:8600"}}},
		"the zone of the cluster":           {nil, []string{"-gossip.cluster", "prod"}, want{zone: "prod.internal."}},
		"a zone that is not of the cluster": {nil, []string{"-gossip.cluster", "prod", "-dns.zone", "dev.test."}, want{zone: "dev.test."}},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range tt.environment {
				t.Setenv(variable, value)
			}
			c := parsedFlags(t, tt.arguments...)
			if got := (want{c.Addresses, c.zone(), c.PreferZone, c.TTL}); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("the flags are %+v, want %+v", got, tt.want)
			}
			if c.unusable != nil {
				t.Error(c.unusable)
			}
		})
	}
}

func TestTTLFlagNamesItsRemedy(t *testing.T) {
	for _, value := range []string{"0s", "-1s", "1500ms", "5", "soon"} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		Flags(fs)
		if err := fs.Parse([]string{"-dns.ttl", value}); err == nil || !strings.Contains(err.Error(), ttlRemedy) {
			t.Errorf("-dns.ttl %s: %v, want the remedy", value, err)
		}
	}
}

func TestUnusableVariableIsAnErrorOfListen(t *testing.T) {
	t.Setenv("DNS_TTL", "soon")
	_, err := parsedFlags(t, "-dns.listen", ":0").Listen(catalogOf(1).View())
	var wrong *membership.FieldError
	if !errors.As(err, &wrong) || wrong.Field != "environment variable DNS_TTL" || wrong.Value != "soon" {
		t.Errorf("Listen returned %v, want a FieldError of DNS_TTL", err)
	}
	if _, err := parsedFlags(t).Listen(catalogOf(1).View()); err != nil {
		t.Errorf("Listen returned %v although it is off", err)
	}
}
