package dnsendpoint

import (
	"sync"

	"github.com/grapevine-go/grapevine/membership"
)

// mostNotices bounds the memory of what was warned about. Beyond it nothing new is logged.
const mostNotices = 1024

// notices warns of each registration once.
type notices struct {
	mu   sync.Mutex
	seen map[string]bool
}

// first reports whether a key is new.
func (n *notices) first(key string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[key] || len(n.seen) >= mostNotices {
		return false
	}
	if n.seen == nil {
		n.seen = make(map[string]bool)
	}
	n.seen[key] = true
	return true
}

// named warns of a service whose name is no host name.
func (s *Server) named(service string) {
	if isHostName(service) || !s.notices.first(service) {
		return
	}
	s.Logger.Warn().Str("service", service).
		Msg("dnsendpoint: service name is no host name: some DNS clients refuse to ask for it; use letters, digits and hyphens")
}

// leftOut warns of an instance that no record can hold.
func (s *Server) leftOut(instance membership.Instance, reason string) {
	if !s.notices.first(instance.Name + " " + instance.Member + " " + instance.Address) {
		return
	}
	s.Logger.Warn().Str("service", instance.Name).Str("member", instance.Member).
		Str("address", instance.Address).Str("reason", reason).
		Msg("dnsendpoint: instance is left out of answers: no record can hold its address")
}
