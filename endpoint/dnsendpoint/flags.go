package dnsendpoint

import (
	"errors"
	"flag"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// Config is a [Server] and the addresses that it answers on, as flags give them. The zero value is
// off.
type Config struct {
	Addresses  []string       // IP:port to answer on, by UDP and TCP; none = off; see Flags
	Zone       string         // as Server.Zone; default <cluster>.internal. with Flags
	TTL        time.Duration  // as Server.TTL
	PreferZone string         // as Server.PreferZone
	MaxAnswers int            // as Server.MaxAnswers; it has no flag
	Logger     zerolog.Logger // the zero value logs nothing

	flags    *flag.FlagSet
	unusable *membership.FieldError // an environment variable
}

const (
	flagPrefix     = "dns."
	variablePrefix = "DNS_"
	clusterFlag    = "gossip.cluster" // of cluster.Flags, where both are on one flag set
)

// variable is the environment variable of a flag.
func variable(name string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Flags defines the flags of a DNS server on fs and returns the Config that they fill when fs is
// parsed:
//
//	-dns.listen   -dns.zone   -dns.ttl   -dns.prefer-zone
//
// Without -dns.listen there is no server. A port alone, 8600 or :8600, listens on 127.0.0.1, unlike
// in most programs: a DNS server is not opened to a network by leaving something out. For all
// addresses write 0.0.0.0:8600 or [::]:8600. -dns.listen may be given several times and takes several
// addresses separated by commas.
//
// The zone is that of -gossip.cluster, if fs has that flag, and "internal.": prod.internal. for
// -gossip.cluster prod.
//
// The default of each flag is the environment variable of its name in capitals, DNS_LISTEN or
// DNS_PREFER_ZONE; a flag replaces it, and an empty variable is none. A variable whose value cannot
// be used is an error of Listen, unless its flag is given.
func Flags(fs *flag.FlagSet) *Config {
	c := &Config{flags: fs}
	help := func(name, usage string) (string, string) {
		return flagPrefix + name, usage + " [$" + variable(name) + "]"
	}
	listen := &addressList{addresses: &c.Addresses}
	listen.Set(os.Getenv(variable("listen")))
	listen.given = false // the flag replaces the variable
	name, usage := help("listen", "IP:port to answer DNS queries on, UDP and TCP (default: off); "+
		"a port alone, as in :8600, is on 127.0.0.1; repeat it or separate several with commas")
	fs.Var(listen, name, usage)
	name, usage = help("zone", "zone that holds the names (default <cluster>.internal.)")
	fs.StringVar(&c.Zone, name, os.Getenv(variable("zone")), usage)
	name, usage = help("prefer-zone", "network zone whose instances clients use first")
	fs.StringVar(&c.PreferZone, name, os.Getenv(variable("prefer-zone")), usage)
	name, usage = help("ttl", "how long clients may keep an answer, in whole seconds (default 1s)")
	if value := os.Getenv(variable("ttl")); value != "" && c.setTTL(value) != nil {
		c.unusable = &membership.FieldError{Field: "environment variable " + variable("ttl"), Value: value,
			Remedy: ttlRemedy, Setting: "the default of -" + name}
	}
	fs.Func(name, usage, c.setTTL)
	return c
}

const ttlRemedy = "use whole seconds, at least 1s: 1s, 5s, 1m"

// setTTL returns an error that is a remedy: the flag package names the flag and the value.
func (c *Config) setTTL(value string) error {
	ttl, err := time.ParseDuration(value)
	if err != nil || ttl < time.Second || ttl%time.Second != 0 {
		return errors.New(ttlRemedy)
	}
	c.TTL, c.unusable = ttl, nil
	return nil
}

// zone returns the zone to answer for, "" for the default of Server.
func (c *Config) zone() string {
	if c.Zone == "" && c.flags != nil {
		if cluster := c.flags.Lookup(clusterFlag); cluster != nil && cluster.Value.String() != "" {
			return cluster.Value.String() + ".internal."
		}
	}
	return c.Zone
}

// flagOf is the name of the flag for a field of Config, without its prefix.
var flagOf = map[string]string{"Addresses": "listen", "Zone": "zone", "TTL": "ttl", "PreferZone": "prefer-zone"}

// settingOf names all places where a field of Config is set.
func settingOf(field string) string {
	if name, ok := flagOf[field]; ok {
		return "Config." + field + ", -" + flagPrefix + name + ", $" + variable(name)
	}
	return "Config." + field
}

// addressList is the flag.Value of addresses.
type addressList struct {
	addresses *[]string
	given     bool
}

func (l *addressList) String() string {
	if l.addresses == nil {
		return "" // the flag package asks a zero value
	}
	return strings.Join(*l.addresses, ",")
}

func (l *addressList) Set(value string) error {
	if !l.given {
		*l.addresses, l.given = nil, true
	}
	for address := range strings.SplitSeq(value, ",") {
		if address = strings.TrimSpace(address); address != "" {
			*l.addresses = append(*l.addresses, address)
		}
	}
	return nil
}
