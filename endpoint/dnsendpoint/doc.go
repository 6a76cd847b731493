// Package dnsendpoint answers DNS queries from a membership view, so that a client in any language
// finds the instances of a service by name.
//
// A [Server] answers for one zone and for nothing else: it forwards no query. It reads the latest
// snapshot of its view for each query, so an answer is as fresh as the view.
package dnsendpoint
