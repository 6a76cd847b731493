// Package transport is what members speak over: one port for datagrams and streams, with every byte sealed, bounded and
// parsed strictly before anybody acts on it. It carries the packets and streams of the memberlist in
// package cluster, and beside them messages of other kinds, each with a queue and a handler of its
// own. It is made for package cluster alone: what else a memberlist can send is refused, see [Transport].
//
// A pair of members runs one TLS 1.3 handshake, each showing a certificate, and keys its datagrams from that connection
// (RFC 5705, as RFC 8915 does for time packets): what is kept is the keys, not the connection. Pings and their
// answers, nearly all that an idle cluster sends, have a short form.
//
// docs/security.md has the bounds, and what they protect against.
package transport
