package dnsendpoint

import "golang.org/x/net/dns/dnsmessage"

// instanceRecord is PTR from the type of a service to an instance, RFC 6763 section 4.1. The
// instance is the member's name as one label, even where it holds dots.
var instanceRecord = &recordKind{has: (*response).always, write: (*response).writeInstance}

func (r *response) writeInstance(t *target) int {
	at := r.offset()
	r.label(t.instance.Member)
	r.pointer(r.typeAt)
	return at
}

// described adds SRV, TXT and addresses of the instances that the answers name, as section 12.1 asks.
func (r *response) described() {
	if r.wasCut() {
		return
	}
	for _, one := range r.written {
		if one.name > farthest {
			return
		}
		r.begin(additionalSection, owner{pointer: one.name}, dnsmessage.TypeSRV, r.ttl)
		r.writeService(one.target)
		if !r.end() {
			return
		}
		r.begin(additionalSection, owner{pointer: one.name}, dnsmessage.TypeTXT, r.ttl)
		r.writeText(one.target)
		if !r.end() {
			return
		}
	}
	r.glue()
}

// types answers with the types of all services, RFC 6763 section 9. The domain is the one that was
// asked about: the zone, or service.<zone>.
func (r *response) types() {
	domain := headerSize + len("._services._dns-sd._udp")
	for _, service := range r.tables.names {
		r.begin(answerSection, r.asked(), dnsmessage.TypePTR, r.ttl)
		if !r.typeLabels(service) {
			r.takeBack()
			continue
		}
		r.pointer(domain)
		if !r.end() {
			r.cut()
			return
		}
	}
}

// typeLabels appends "_<service>._tcp", and reports whether the wire can hold it.
func (r *response) typeLabels(service string) (ok bool) {
	r.buf, ok = appendLabels(r.buf, "_"+service+"._tcp")
	return ok
}
