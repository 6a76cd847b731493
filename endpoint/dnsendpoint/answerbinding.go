package dnsendpoint

import (
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// bindingRecord and httpsRecord are SVCB and HTTPS, RFC 9460: a record an instance, with its port,
// its address as a hint, and the protocols that its metadata names: alpn=h2,http/1.1.
//
// A client takes a record of HTTPS as the order to use TLS (section 9.5). An instance without alpn
// therefore has none: a browser would be unable to call it without TLS.
var (
	bindingRecord = &recordKind{has: (*response).always, write: (*response).writeBinding}
	httpsRecord   = &recordKind{has: (*response).hasProtocols, write: (*response).writeBinding}
)

// alpnKey is the metadata that holds the protocols.
const alpnKey = "alpn"

func (r *response) hasProtocols(t *target) bool {
	for protocol := range protocolsOf(t) {
		return protocol != ""
	}
	return false
}

// protocolsOf yields the protocols of an instance.
func protocolsOf(t *target) func(func(string) bool) {
	return func(yield func(string) bool) {
		for protocol := range strings.SplitSeq(t.instance.Metadata[alpnKey], ",") {
			protocol = strings.TrimSpace(protocol)
			if protocol != "" && len(protocol) <= longestText && !yield(protocol) {
				return
			}
		}
	}
}

func (r *response) writeBinding(t *target) int {
	r.uint16(t.priority(1)) // 0 is an alias
	at := r.offset()
	r.bytes(t.name)
	if r.hasProtocols(t) {
		length := r.param(dnsmessage.SVCParamALPN)
		for protocol := range protocolsOf(t) {
			r.text(protocol)
		}
		r.endParam(length)
	}
	length := r.param(dnsmessage.SVCParamPort)
	r.uint16(t.port)
	r.endParam(length)
	if t.addr.IsValid() {
		hint := dnsmessage.SVCParamIPv6Hint
		if t.addr.Is4() {
			hint = dnsmessage.SVCParamIPv4Hint
		}
		length := r.param(hint)
		r.address(t.addr)
		r.endParam(length)
	}
	return at
}

// param begins a parameter, and returns where its value begins.
func (m *message) param(key dnsmessage.SVCParamKey) int {
	m.uint16(uint16(key))
	m.uint16(0)
	return len(m.buf)
}

// endParam writes the length of the value that began at from.
func (m *message) endParam(from int) {
	length := len(m.buf) - from
	m.buf[from-2], m.buf[from-1] = byte(length>>8), byte(length)
}
