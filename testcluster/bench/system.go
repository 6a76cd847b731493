package main

import (
	"crypto/rand"

	"github.com/hashicorp/memberlist"
)

// The systems that are compared.
const (
	sealed   = "grapevine"       // with a secret
	unsealed = "grapevine-plain" // Insecure
	blind    = "grapevine-blind" // sealed, without connections to neighbours: what those cost
	keyed    = "memberlist-key"  // memberlist, with a key and otherwise its own defaults
	bare     = "memberlist"      // without a key
	over     = "memberlist-over" // see carried
	serfs    = "serf"
	etcds    = "etcd" // Go kit's sd/etcdv3
)

type network = memberlist.NodeAwareTransport

// system is one of those that are compared.
type system struct {
	name string
	kind
}

// kind makes the members of a system.
type kind interface {
	// start makes a member that joins by way of seeds, and that calls changed whenever its view did.
	start(name string, seeds []string, changed watcher) (member, error)
}

// hosted is a kind whose members need something that runs before them. What open gives makes the members, until shut.
type hosted interface {
	open() (members kind, shut func() error, err error)
}

// paired is a kind of which two can send each other anything, over what wrap makes of their sockets.
type paired interface {
	pair(wrap func(network) network) (*pair, error)
}

// member is one of a cluster.
type member interface {
	address() string
	listed() int              // members, itself included
	leaves(but ...string) int // how often one that was listed was not any more, but for these
	sent() traffic
	open() int    // TCP connections
	helpers() int // goroutines of the bench's own
	close() error // without a goodbye
}

// registrar is a member that can tell the others of a service.
type registrar interface {
	// registration prepares one: what is timed is register, which may return before the others know, or later.
	registration(service string) (register func() error, err error)
}

// leaver is a member that can say goodbye. It is closed afterwards.
type leaver interface{ leave() error }

// systems gives those that are named. All members share one secret, as they must.
func systems(names ...string) (chosen []system) {
	secret := make([]byte, 32) // AES-256 for memberlist
	rand.Read(secret)          // never fails
	kinds := map[string]kind{
		sealed: grapevine{secret: secret}, unsealed: grapevine{}, blind: grapevine{secret: secret, unwatched: true},
		keyed: plain{secret}, bare: plain{}, over: carried{secret},
		serfs: serfKind{}, etcds: etcdKind{},
	}
	for _, name := range names {
		chosen = append(chosen, system{name, kinds[name]})
	}
	return chosen
}

func asIs(n network) network { return n }
