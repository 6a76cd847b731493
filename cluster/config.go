package cluster

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// Config describes a [Node]. The zero value is a node of its own on loopback.
type Config struct {
	// Name is unique among the living members and stays the same across restarts of a process: [a-z0-9][a-z0-9._-]{0,62}.
	// The default is the host's name and a random suffix.
	Name string

	// Cluster is the name of the cluster; members of different clusters never meet. Mandatory beyond loopback.
	Cluster string

	// Bind is the IP and port to listen on, UDP and TCP. Port 0 lets the system choose. The default is 127.0.0.1:0.
	Bind string

	// Advertise is the IP and port under which the others reach this node. The default is the address of Bind. For a
	// wildcard it is the source address of the route to the seeds, else of the default route, else the one address of
	// this host that is not of a bridge of containers. Start logs the choice, and fails where several addresses are as
	// likely. A port of 0, or none, is the port of Bind.
	Advertise string

	// Join lists seeds, host:port each: members that may be up already. One that answers is enough, and they are tried
	// for as long as the node lives. Host names are looked up anew at every attempt. Seeds gives more of them, from elsewhere.
	Join  []string
	Seeds []SeedProvider

	// PeersFile is where the node keeps the addresses of its peers, to find them again when it restarts, whatever became of
	// the seeds. It holds only addresses at which a member proved itself to this process. A file that is damaged, or another
	// cluster's, is reported and ignored. The default is none.
	PeersFile string

	// Secret seals all gossip, and lets in who knows it: at least 16 random bytes in base64 or hexadecimal, see
	// [NewSecret]. Of several, separated by spaces or lines, the first is used and all are accepted. SecretFile names a
	// file that holds them, which is read again when it changes; only its owner should be able to read it (chmod 600).
	// See [Node.AddSecret] for how to change a secret.
	Secret     string
	SecretFile string

	// CertFile, KeyFile and CAFile take certificates of your own in place of a secret: that of this member, whose DNS names
	// hold its name, the key to it, and the authorities whose certificates are accepted, in PEM form. The files are read
	// again when they change. TLS is the same for certificates that come from elsewhere, or that name members otherwise.
	CertFile string
	KeyFile  string
	CAFile   string
	TLS      *TLS

	// Insecure lets a node with neither listen beyond loopback: whoever reaches its port can then read and forge.
	Insecure bool

	// Zone is where the process runs, of the same form as a name. Optional.
	Zone string

	// Metadata is told to the others as it is: printable text. Optional.
	Metadata map[string]string

	// Neighbours is to how many others this member keeps an idle connection, 16 at most: the end of a process is noticed within
	// milliseconds, and a host that vanishes within seconds, because others are connected to it. 0 means 3, and -1 none. Every
	// member of a cluster should have the same.
	Neighbours int

	// WireVersion is the newest form of records that this member writes and reads: set it to an older one to act as the
	// release that came with it. Members of different releases find the form that both speak by themselves. 0 means
	// [membership.WireVersion].
	WireVersion byte

	// AllowLoopbackServices lets a node that others reach beyond loopback register a service at a
	// loopback address, such as one behind a proxy of each host. Without it that is an error, as
	// each host would call only itself.
	AllowLoopbackServices bool

	// Linger is how long [Run] lets the services go on after the drain, for clients that learn of it
	// from elsewhere than this process: where another process serves DNS, set it to the TTL there and
	// a second. The default is 0. A DNS server beside the services asks for it by itself, see
	// [Beside], and so does the option [Linger]; the longest counts.
	Linger time.Duration

	// Logger receives the node's log lines and those of memberlist. The zero value means standard
	// error, from level info on, in [Run], and no lines in [Start]: a library that is a guest in a
	// process stays silent unless it is given a logger. zerolog.Nop() means silence in both.
	Logger zerolog.Logger

	// Transport replaces the sockets, for tests; what passes over it is sealed all the same. The node shuts it down, once
	// its Start has succeeded at least. Bind and Advertise are then not used.
	Transport Transport

	environment environment // what is wrong with the variables that Flags read
}

const (
	defaultBind  = "127.0.0.1:0"
	lingerRemedy = "use 0 or a duration such as 2s"
)

// settings is a Config that was found valid, in the form in which it is used.
type settings struct {
	Config
	bind      netip.AddrPort
	advertise netip.AddrPort // the zero value means as bound
	secrets   [][]byte       // none without a secret; the first is used
	stamp     string         // of the file of secrets, before it was read
}

// check finds everything that can be wrong before a port is bound.
func (c Config) check() (settings, error) {
	s := settings{Config: c}
	s.Join, s.Seeds = slices.Clone(c.Join), slices.Clone(c.Seeds) // the caller's stays the caller's
	if err := c.environment.failure(); err != nil {
		return s, err
	}
	var err error
	if s.Name == "" {
		s.Name = defaultName()
	}
	if s.Bind == "" {
		s.Bind = defaultBind
	}
	if s.bind, err = parseBind(s.Bind); err != nil {
		return s, at(err, "Bind")
	}
	if s.advertise, err = parseAdvertise(s.Advertise); err != nil {
		return s, at(err, "Advertise")
	}
	if err := s.checkSelf(); err != nil {
		return s, err
	}
	if s.WireVersion, err = checkWireVersion(s.WireVersion); err != nil {
		return s, at(err, "WireVersion")
	}
	if s.Neighbours, err = checkNeighbours(s.Neighbours); err != nil {
		return s, at(err, "Neighbours")
	}
	if s.Linger < 0 {
		return s, at(&membership.FieldError{Field: "linger", Value: s.Linger.String(), Remedy: lingerRemedy}, "Linger")
	}
	for _, seed := range s.Join {
		if err := membership.CheckAddress("seed", seed); err != nil {
			return s, at(err, "Join")
		}
	}
	if slices.Contains(s.Seeds, nil) {
		return s, at(&membership.FieldError{Field: "seed provider", Value: "nil",
			Remedy: "give a SeedProvider or none"}, "Seeds")
	}
	for _, provider := range s.Seeds {
		if srv, ok := provider.(srvSeeds); ok {
			if err := srv.check(); err != nil {
				return s, err
			}
		}
	}
	if s.TLS, err = s.checkSources(); err != nil {
		return s, err
	}
	s.stamp = transport.Stamp(s.SecretFile)
	if s.secrets, err = c.readSecrets(); err != nil {
		return s, err
	}
	return s, s.checkExposure()
}

// checkSelf checks the member's cluster, name, zone and metadata.
func (s settings) checkSelf() error {
	if s.Cluster != "" {
		if err := membership.CheckName("cluster name", s.Cluster); err != nil {
			return at(err, "Cluster")
		}
	}
	if err := membership.CheckName("member name", s.Name); err != nil {
		return at(err, "Name")
	}
	if s.Zone != "" {
		if err := membership.CheckName("zone", s.Zone); err != nil {
			return at(err, "Zone")
		}
	}
	return at(membership.Record{Name: s.Name, Zone: s.Zone, Metadata: s.Metadata}.Check(), "Metadata")
}

// report warns of settings that are allowed and most likely a mistake.
func (s settings) report() {
	s.environment.report(s.Logger)
	for _, file := range []string{s.SecretFile, s.KeyFile} {
		if file != "" {
			warnExposed(s.Logger, file)
		}
	}
}

// providers are all that know seeds.
func (s settings) providers() []SeedProvider {
	if len(s.Join) == 0 {
		return s.Seeds
	}
	return append([]SeedProvider{StaticSeeds(s.Join...)}, s.Seeds...)
}

func defaultName() string {
	host, _ := os.Hostname()
	return nameOn(host)
}

// nameOn tells hosts apart at a glance and processes on one host at all.
func nameOn(host string) string {
	host, _, _ = strings.Cut(strings.ToLower(host), ".")
	var suffix [3]byte
	rand.Read(suffix[:]) // never fails
	name := host + "-" + hex.EncodeToString(suffix[:])
	if membership.CheckName("", name) != nil {
		return "node-" + hex.EncodeToString(suffix[:])
	}
	return name
}

func parseBind(value string) (netip.AddrPort, error) {
	bind, err := netip.ParseAddrPort(value)
	if err != nil {
		return bind, &membership.FieldError{Field: "bind address", Value: value,
			Remedy: "use an IP and a port: 127.0.0.1:0, 0.0.0.0:7946, [::]:7946"}
	}
	return netip.AddrPortFrom(bind.Addr().Unmap(), bind.Port()), nil // so that ::ffff:0.0.0.0 is known as a wildcard
}

func parseAdvertise(value string) (netip.AddrPort, error) {
	if value == "" {
		return netip.AddrPort{}, nil
	}
	advertise, err := netip.ParseAddrPort(value)
	if err != nil {
		ip, ipErr := netip.ParseAddr(strings.Trim(value, "[]"))
		advertise, err = netip.AddrPortFrom(ip, 0), ipErr
	}
	ip := advertise.Addr().Unmap() // ::ffff:0.0.0.0 is a wildcard too
	if err != nil || ip.Zone() != "" || ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return advertise, &membership.FieldError{Field: "advertise address", Value: value,
			Remedy: "use the IP under which the other members reach this one, with or without a port: 10.0.0.7, 10.0.0.7:7946"}
	}
	return advertise, nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cluster: %s: %w", what, err)
}
