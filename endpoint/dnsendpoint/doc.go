// Package dnsendpoint answers DNS queries from a membership view, so that a client in any language
// finds the instances of a service by name.
//
// A [Server] answers for one zone and for nothing else: it forwards no query. It reads the latest
// snapshot of its view for each query, so an answer is as fresh as the view.
//
// # Names
//
// In the zone prod.internal, upper and lower case being equal:
//
//	catalog.service.prod.internal         the instances of catalog
//	_catalog._tcp.service.prod.internal   the same, for SRV as in RFC 2782; _udp and no "service", too
//	v2.eu.catalog.service.prod.internal   those that have all labels: version, tag, zone, or zone-<zone>
//	catalog-1.node.prod.internal          the addresses of a member
//	_services._dns-sd._udp.prod.internal  PTR to the types of all services, RFC 6763
//	_catalog._tcp.prod.internal           PTR to the instances of a type
//	catalog-1._catalog._tcp.prod.internal one instance
//	0a000007.addr.prod.internal           an address by itself, in SRV where a member has several
//	prod.internal                         SOA and NS
//
// Names may hold dots. The longest service name that exists is meant: with a service v2.catalog, the
// first label of v2.catalog.service is no longer a version.
//
// # Answers
//
// A service has A, AAAA, SRV, TXT, SVCB and HTTPS records, and CNAME where its addresses are names.
// An instance has HTTPS only where its metadata holds the TLS protocols that it speaks, as
// alpn=h2,http/1.1: a browser takes the record as the order to use TLS. A pair of metadata beyond
// 255 bytes is not in TXT.
//
// Answers hold the instances that new calls should go to, see [membership.Available], in random order
// by weight. While the member is isolated they are the last known, with a TTL of 1 s and the extended
// error "stale answer" (RFC 8914).
//
// The serial of SOA grows with each snapshot. Over a restart it grows unless there were more than 16
// snapshots a second on average, or the clock was set back by more than the last process lived.
// Secondaries alone would need it, and transfers are refused.
package dnsendpoint
