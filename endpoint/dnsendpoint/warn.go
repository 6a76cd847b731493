package dnsendpoint

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

const (
	repeatAfter = time.Minute // of a warning
	mostWarned  = 16          // subjects in that time, as clients choose them
)

// seldom bounds warnings about what clients cause. It keeps no names: they may be long and many.
type seldom struct {
	mu   sync.Mutex
	said [mostWarned]struct {
		subject uint64
		at      time.Time
	}
}

// due reports whether there was no warning about a subject for a minute, and counts one as given
// now. None is due while as many others are remembered as there is room for.
func (s *seldom) due(subject uint64, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	free := -1
	for i := range s.said {
		switch said := &s.said[i]; {
		case said.at.IsZero() || now.Sub(said.at) >= repeatAfter:
			free = i
		case said.subject == subject:
			return false
		}
	}
	if free < 0 {
		return false
	}
	s.said[free].subject, s.said[free].at = subject, now
	return true
}

// warnings are those of a Server.
type warnings struct{ names, prefixes seldom }

var warningSeed = maphash.MakeSeed()

// truncated warns that the answer for name did not fit, once a minute for each of a few names. It
// must not keep name.
func (s *Server) truncated(name []byte) {
	if s.warned.names.due(maphash.Bytes(warningSeed, name), time.Now()) {
		s.Logger.Warn().Str("name", string(name)).Msg("dnsendpoint: truncated an answer: " +
			"a client that does not repeat its query over TCP gets few instances or none")
	}
}

// limited warns that a network sends too many queries, once a minute for each of a few networks.
func (s *Server) limited(prefix netip.Prefix, now time.Time) {
	ip := prefix.Addr().As16()
	if s.warned.prefixes.due(maphash.Bytes(warningSeed, ip[:]), now) {
		s.Logger.Warn().Stringer("prefix", prefix).Int("queries_per_second", queryRate).
			Msg("dnsendpoint: a network sends too many queries: answering none beyond the limit, " +
				"but sending every second one to TCP")
	}
}
