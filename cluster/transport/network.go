package transport

import "github.com/hashicorp/memberlist"

// Network carries datagrams and streams as they are: [Listen] gives that of real sockets, package testcluster a simulated
// one. Its methods are those of memberlist's NodeAwareTransport; an implementation closes what it has open on Shutdown,
// so that nobody waits on a stream after that. A dial to a port on which nobody listens fails with an error that wraps
// syscall.ECONNREFUSED. Only the Addr of an Address counts.
//
// A network may also have a method Lag() time.Duration that returns how late the process runs, as that of real sockets does: a
// process that is late waits longer, and judges nobody by silence. Pass it on in a network that wraps another.
type Network = memberlist.NodeAwareTransport

// Packet is a datagram that arrived, and Address where a member is.
type (
	Packet  = memberlist.Packet
	Address = memberlist.Address
)
