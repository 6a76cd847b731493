package cluster

import (
	"errors"
	"flag"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Flags defines the node's flags on fs and returns the Config that they fill when fs is parsed:
//
//	-gossip.name         -gossip.cluster      -gossip.bind         -gossip.advertise
//	-gossip.join         -gossip.join-srv     -gossip.join-file    -gossip.peers-file
//	-gossip.secret       -gossip.secret-file  -gossip.insecure     -gossip.zone
//	-gossip.cert-file    -gossip.key-file     -gossip.ca-file      -gossip.wire-version
//	-gossip.allow-loopback-services            -gossip.linger
//
// -gossip.join may be given several times and takes several seeds separated by commas. The default of each flag is the
// environment variable of its name in capitals, GOSSIP_JOIN or GOSSIP_SECRET_FILE; a flag replaces it, and an empty
// variable is none. A variable whose value cannot be used is an error of [Start], unless its flag is given. Start also
// warns of variables that begin with GOSSIP_ and belong to no flag, except those of Kubernetes' service links.
func Flags(fs *flag.FlagSet) *Config {
	c := &Config{environment: environment{unknown: unknownVariables(os.Environ())}}
	text := func(value *string, name, usage string) {
		fs.StringVar(value, flagPrefix+name, env(name), usage+" [$"+variable(name)+"]")
	}
	text(&c.Name, "name", "name of this member, unique and kept across restarts (default: host name and a random suffix)")
	text(&c.Cluster, "cluster", "name of the cluster, mandatory beyond loopback")
	text(&c.Bind, "bind", "IP:port to gossip on, UDP and TCP (default "+defaultBind+")")
	text(&c.Advertise, "advertise", "IP[:port] under which the others reach this member (default: as bound; "+
		"for a wildcard by the route to the seeds, else the default route)")
	text(&c.Secret, "secret", "secret that seals gossip, base64 or hexadecimal; prefer -gossip.secret-file, "+
		"as others can see flags")
	fs.Lookup(flagPrefix + "secret").DefValue = "" // -help shows it, and the environment may hold the secret
	text(&c.SecretFile, "secret-file", "file that holds the secret, and others that are accepted; read again when it changes")
	text(&c.CertFile, "cert-file", "certificate of this member, in PEM form, in place of a secret; read again when it changes")
	text(&c.KeyFile, "key-file", "key of the certificate")
	text(&c.CAFile, "ca-file", "authorities whose certificates are accepted")
	text(&c.Zone, "zone", "zone that this process runs in")
	text(&c.PeersFile, "peers-file", "file in which this member remembers its peers, to find them when it restarts")
	var srv, files []string
	list := func(values *[]string, name, usage string) {
		l := &seedList{seeds: values, changed: func() { c.Seeds = providersOf(srv, files) }}
		l.Set(env(name))
		l.given = false // what the environment said, a flag replaces
		fs.Var(l, flagPrefix+name, usage+"; repeat it or separate several with commas [$"+variable(name)+"]")
	}
	list(&c.Join, "join", "seed host:port to join")
	list(&srv, "join-srv", "name of DNS SRV records of seeds, in full: _gossip._tcp.shop.example.com")
	list(&files, "join-file", "file of seeds, one host:port in a line; read again when it changes")
	toggle := func(value *bool, name, usage string) {
		b := &boolFlag{value, func() { c.environment.replaced(name) }}
		c.fromVariable(name, b.Set)
		fs.Var(b, flagPrefix+name, usage+" [$"+variable(name)+"]")
	}
	toggle(&c.Insecure, "insecure", "listen beyond loopback without secret and certificates")
	toggle(&c.AllowLoopbackServices, "allow-loopback-services",
		"let a member beyond loopback offer services at loopback")
	parsed := func(name, usage string, set func(string) error) {
		replace := func(value string) error {
			err := set(value)
			if err == nil {
				c.environment.replaced(name)
			}
			return err
		}
		c.fromVariable(name, replace)
		fs.Func(flagPrefix+name, usage+" [$"+variable(name)+"]", replace)
	}
	parsed("wire-version", "newest form of records to speak, to act as an older release (default: that of this release)",
		func(value string) (err error) { c.WireVersion, err = parseWireVersion(value); return })
	parsed("linger", "how long services go on after the drain, for clients of DNS: its TTL and a second (default 0s)",
		func(value string) (err error) { c.Linger, err = parseLinger(value); return })
	return c
}

// parseLinger returns an error that is a remedy, as boolFlag.Set does. Empty means none.
func parseLinger(value string) (time.Duration, error) {
	if value == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return 0, errors.New(lingerRemedy)
	}
	return d, nil
}

// flagNames are those of all flags, without their prefix.
var flagNames = append(slices.Sorted(maps.Values(flagOf)), "join-srv", "join-file")

// fromVariable sets a value to what its variable says. What cannot be used is an error of Start, unless the flag is
// given.
func (c *Config) fromVariable(flag string, set func(string) error) {
	value := env(flag)
	if value == "" {
		return
	}
	if err := set(value); err != nil {
		c.environment.unusable = append(c.environment.unusable, unusableVariable{flag, value, err.Error()})
	}
}

var _ flag.Getter = (*boolFlag)(nil)

// boolFlag is the flag.Value of a bool.
type boolFlag struct {
	value *bool
	set   func() // called once it is set
}

func (b *boolFlag) IsBoolFlag() bool { return true }
func (b *boolFlag) Get() any         { return *b.value }
func (b *boolFlag) String() string   { return strconv.FormatBool(b.value != nil && *b.value) } // of a zero value, too

// Set returns an error that is a remedy: the flag package names the flag and the value.
func (b *boolFlag) Set(value string) error {
	on, err := strconv.ParseBool(value)
	if err != nil {
		return errors.New("use true or false")
	}
	*b.value = on
	b.set()
	return nil
}

// providersOf returns those that flags name.
func providersOf(srv, files []string) (providers []SeedProvider) {
	for _, name := range srv {
		providers = append(providers, SRVSeeds(name))
	}
	for _, path := range files {
		providers = append(providers, FileSeeds(path))
	}
	return providers
}

// seedList is the flag.Value of what names seeds.
type seedList struct {
	seeds   *[]string
	given   bool
	changed func()
}

func (l *seedList) String() string {
	if l.seeds == nil {
		return "" // the flag package asks a zero value
	}
	return strings.Join(*l.seeds, ",")
}

func (l *seedList) Set(value string) error {
	if !l.given {
		*l.seeds, l.given = nil, true
	}
	for seed := range strings.SplitSeq(value, ",") {
		if seed = strings.TrimSpace(seed); seed != "" {
			*l.seeds = append(*l.seeds, seed)
		}
	}
	l.changed()
	return nil
}
