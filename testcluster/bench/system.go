package main

import (
	"crypto/rand"

	"github.com/hashicorp/memberlist"
)

// The systems that are compared.
const (
	sealed   = "grapevine"       // with a secret
	unsealed = "grapevine-plain" // Insecure
	keyed    = "memberlist-key"  // memberlist, with a key and otherwise its own defaults
	bare     = "memberlist"      // without a key
)

type network = memberlist.NodeAwareTransport

// system is one of those that are compared.
type system struct {
	name string
	kind interface {
		// start makes a member that joins by way of seeds.
		start(name string, seeds []string) (member, error)

		// pair makes two that send to each other what wrap makes of their sockets.
		pair(wrap func(network) network) (*pair, error)
	}
}

// member is one of a cluster.
type member interface {
	address() string
	listed() int // members, itself included
	leaves() int // how often one that was listed was not any more
	sent() traffic
	helpers() int // goroutines of the bench's own
	close() error // without a goodbye
}

// systems share one secret, as all members must.
func systems() []system {
	secret := make([]byte, 32) // AES-256 for memberlist
	rand.Read(secret)          // never fails
	return []system{
		{sealed, grapevine{secret}}, {unsealed, grapevine{}},
		{keyed, plain{secret}}, {bare, plain{}},
	}
}

func asIs(n network) network { return n }
