package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"

	"github.com/grapevine-go/grapevine/membership"
)

// SeedProvider says where members may be that a node can join. A node asks at every attempt to join, so that seeds may
// appear, move and go while it runs, and once before that where Start has to choose the address to advertise.
//
// Seeds gives host:port each; a host may be a name, whose A and AAAA records the node looks up at every attempt. Nothing
// and no error means that there is nobody to join at present. Addresses beside an error are used all the same, and the
// error is reported. An address that is none, and what is beyond 1024 of them, is left out and reported, as is a panic.
//
// The node dials a few seeds at a time, by turns one of each provider and of each name, and as soon as their provider
// has answered. Seeds that do not answer share a second in the first round, so that one member among many is found soon.
//
// Seeds returns soon once ctx is done, which is after 5 s or when the node closes: the node waits for it, both before it
// joins anybody and in Close. For the same reason it may call the node's methods, but not Close or Leave. A node asks
// for one answer at a time; a provider that several nodes share is asked by all of them at once.
type SeedProvider interface {
	Seeds(ctx context.Context) ([]string, error)
}

// SeedFunc is a func as a [SeedProvider].
type SeedFunc func(ctx context.Context) ([]string, error)

// Seeds calls f.
func (f SeedFunc) Seeds(ctx context.Context) ([]string, error) { return f(ctx) }

// StaticSeeds gives the same addresses at every attempt; those of the names among them may change.
func StaticSeeds(addresses ...string) SeedProvider { return staticSeeds(slices.Clone(addresses)) }

type staticSeeds []string

func (s staticSeeds) Seeds(context.Context) ([]string, error) { return slices.Clone(s), nil }

// SRVSeeds gives the targets and ports of the DNS SRV records (RFC 2782) of name, which is written in full:
// _gossip._tcp.shop.example.com. They are looked up at every attempt with [net.DefaultResolver]. Priorities and weights
// do not matter, as seeds are tried all at once.
func SRVSeeds(name string) SeedProvider { return srvSeeds(name) }

type srvSeeds string

var srvName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

// check refuses a name that no DNS record can have.
func (s srvSeeds) check() error {
	if srvName.MatchString(string(s)) {
		return nil
	}
	return &membership.FieldError{Field: "name of SRV records", Value: string(s),
		Remedy:  "name the records in full: _gossip._tcp.shop.example.com",
		Setting: "SRVSeeds, -" + flagPrefix + "join-srv, $" + variable("join-srv")}
}

func (s srvSeeds) Seeds(ctx context.Context) (seeds []string, err error) {
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "", "", string(s))
	if err != nil { // there may be records all the same, beside some that are malformed
		err = fmt.Errorf("look up SRV records of %s: %w", string(s), err)
	}
	for _, record := range records {
		if record.Target == "." {
			err = errors.Join(err, fmt.Errorf("the SRV records of %s say that there is no such service", string(s)))
			continue
		}
		seeds = append(seeds, srvAddress(record))
	}
	return seeds, err
}

// srvAddress keeps the dot at the end of the target: without it the lookup of the host would try search domains.
func srvAddress(record *net.SRV) string {
	return net.JoinHostPort(record.Target, strconv.Itoa(int(record.Port)))
}
