package cluster

import "github.com/grapevine-go/grapevine/cluster/transport"

// Transport carries the bytes between members, beneath what seals them: real sockets, or the network of package testcluster.
type Transport = transport.Network

// Packet is a datagram that arrived, and Address where a member is, for implementers of [Transport].
type (
	Packet  = transport.Packet
	Address = transport.Address
)

// TLS gives a node its identity from certificates of your own, see [TLSFiles].
type TLS = transport.TLS

// TLSFiles reads certificates from files in PEM form: the member's certificate and key, and the authorities that are
// accepted. Files that change are read again. The member's name must be among the DNS names of its certificate, unless
// Allow says otherwise.
func TLSFiles(certificate, key, authorities string) *TLS {
	return transport.TLSFiles(certificate, key, authorities)
}

// Stats counts what passed between this member and others, what was dropped, and who was refused.
type Stats = transport.Stats

// Stats gives the counters of this node.
func (n *Node) Stats() Stats { return n.transport.Stats() }
