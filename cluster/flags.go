package cluster

import (
	"flag"
	"os"
	"strconv"
	"strings"
)

// Flags defines the node's flags on fs and gives the Config that they fill when fs is parsed:
//
//	-gossip.name         -gossip.cluster      -gossip.bind         -gossip.advertise
//	-gossip.join         -gossip.join-srv     -gossip.join-file    -gossip.peers-file
//	-gossip.secret       -gossip.secret-file  -gossip.insecure     -gossip.zone
//	-gossip.cert-file    -gossip.key-file     -gossip.ca-file      -gossip.wire-version
//
// -gossip.join may be given several times and takes several seeds separated by commas. The default of each flag is the
// environment variable of its name in capitals, GOSSIP_JOIN or GOSSIP_SECRET_FILE; a flag replaces it.
func Flags(fs *flag.FlagSet) *Config {
	c := &Config{}
	text := func(value *string, name, usage string) {
		fs.StringVar(value, "gossip."+name, env(name), usage+" [$"+variable(name)+"]")
	}
	text(&c.Name, "name", "name of this member, unique and kept across restarts (default: host name and a random suffix)")
	text(&c.Cluster, "cluster", "name of the cluster, mandatory beyond loopback")
	text(&c.Bind, "bind", "IP:port to gossip on, UDP and TCP (default "+defaultBind+")")
	text(&c.Advertise, "advertise", "IP[:port] under which the others reach this member (default: as bound)")
	text(&c.Secret, "secret", "secret that seals gossip, base64 or hexadecimal; prefer -gossip.secret-file, as others can see flags")
	fs.Lookup("gossip.secret").DefValue = "" // -help shows it, and the environment may hold the secret
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
		fs.Var(l, "gossip."+name, usage+"; repeat it or separate several with commas [$"+variable(name)+"]")
	}
	list(&c.Join, "join", "seed host:port to join")
	list(&srv, "join-srv", "name of DNS SRV records of seeds, in full: _gossip._tcp.shop.example.com")
	list(&files, "join-file", "file of seeds, one host:port in a line; read again when it changes")

	insecure, _ := strconv.ParseBool(env("insecure"))
	fs.BoolVar(&c.Insecure, "gossip.insecure", insecure, "listen beyond loopback without secret and certificates [$"+variable("insecure")+"]")

	c.WireVersion, _ = parseWireVersion(env("wire-version"))
	fs.Func("gossip.wire-version", "newest form of records to speak, to act as an older release (default: that of this release) [$"+
		variable("wire-version")+"]", func(value string) (err error) {
		c.WireVersion, err = parseWireVersion(value)
		return err
	})
	return c
}

func variable(name string) string {
	return "GOSSIP_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func env(name string) string { return os.Getenv(variable(name)) }

// providersOf gives those that flags name.
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
