package transport

import (
	"sync/atomic"
)

// Stats counts what a [Transport] has done since it was made, and what it has at the moment.
type Stats struct {
	Handshakes uint64            // that succeeded, whoever dialled
	Failed     uint64            // handshakes that did not
	Refused    map[Reason]uint64 // peers, and connections

	// Datagrams that came and were dropped.
	Replayed   uint64 // seen already, or too old to tell
	Forged     uint64 // not sealed by whom they seem to be from
	UnknownKey uint64 // sealed with keys that this member does not have
	Garbage    uint64 // nothing that a member sends
	Malformed  uint64 // messages of memberlist's that it must not see, by datagram or by stream, and frames that are too large

	Unasked uint64 // answers to pings that nobody waits for, or that are not of the member that was asked
	Hearsay uint64 // what others said of members that are not known, and that was dropped: no proof, or too much of it

	// Messages that were dropped because too many waited.
	Unsent    uint64          // for a peer, or that could not be sent
	Unhandled map[Kind]uint64 // for the handler of their kind
	Unparsed  uint64          // for memberlist
	Unknown   uint64          // of a kind that nobody handles

	ByStream uint64 // datagrams that went by stream, as they do not get through or are too large

	Peers, Sessions, Links int
}

type counters struct {
	handshakes, failed                               atomic.Uint64
	replayed, forged, unknownKey, garbage, malformed atomic.Uint64
	unasked, hearsay                                 atomic.Uint64
	dropped, unknown, byStream                       atomic.Uint64
	refused                                          [len(reasons)]atomic.Uint64
}

func (c *counters) refuse(reason Reason) {
	for i, known := range reasons {
		if known == reason {
			c.refused[i].Add(1)
		}
	}
}

// Stats gives the counters.
func (t *Transport) Stats() Stats {
	c := &t.stats
	s := Stats{
		Handshakes: c.handshakes.Load(), Failed: c.failed.Load(), Refused: make(map[Reason]uint64),
		Replayed: c.replayed.Load(), Forged: c.forged.Load(), UnknownKey: c.unknownKey.Load(),
		Garbage: c.garbage.Load(), Malformed: c.malformed.Load(),
		Unasked: c.unasked.Load(), Hearsay: c.hearsay.Load(),
		Unsent: c.dropped.Load(), Unhandled: make(map[Kind]uint64), Unparsed: t.unparsed.dropped.Load(), Unknown: c.unknown.Load(),
		ByStream: c.byStream.Load(),
	}
	for i, reason := range reasons {
		s.Refused[reason] = c.refused[i].Load()
	}
	for kind, l := range t.lanes {
		if l != nil {
			s.Unhandled[Kind(kind)] = l.dropped.Load()
		}
	}
	t.book.mu.RLock()
	defer t.book.mu.RUnlock()
	s.Peers, s.Sessions, s.Links = len(t.book.named), len(t.book.sessions), len(t.book.links)
	return s
}
