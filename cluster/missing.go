package cluster

import (
	"iter"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
)

const (
	mostMissing  = 1024             // members that are searched; one more evicts the one that was lost first
	firstSearch  = time.Second      // between two dials of one; doubles with each
	slowSearch   = 10 * time.Second // at most, where nobody answers, as beyond a cut
	slowerSearch = 20 * time.Second // and where the host says that nobody is there
	refusedFor   = 10 * time.Minute // after which a remembered address that refuses is forgotten

	mostMissingEach = 4 // of one name that was lost; one more evicts its own oldest
)

// origin is why an address is searched.
type origin int

const (
	lost       origin = iota // a member was there that spoke to this node, and went without a goodbye
	remembered               // the peers file holds it
	told                     // a peer says that a member lives there: hearsay
)

// missing are the addresses that are searched. Those of members that were lost, or that the peers
// file holds, are never given up for their age: the end of a partition of a day must be noticed as
// soon as that of one of a minute. Hearsay has bounds of its own, see hearsay.
type missing struct {
	known   *aged.Map[string, *absence] // lost and remembered, by address
	hearsay *hearsay
	named   map[string]map[*absence]bool // all of both, by name
	hold    bool                         // remembered addresses are being dialled by another way
}

type absence struct {
	address string
	id      identity // the zero value for a remembered one
	origin  origin
	teller  string // of hearsay
	proven  bool   // it proved itself at the address, in this life or one before
	refused bool   // nobody listened there at the last dial
	since   time.Time
	next    time.Time // when it is dialled
	pause   time.Duration
	dials   int
}

func newMissing() *missing {
	return &missing{
		known: aged.New[string, *absence](mostMissing), hearsay: newHearsay(), named: make(map[string]map[*absence]bool),
	}
}

// add begins a search, unless there is one of that member at that address.
func (m *missing) add(id identity, address string, now time.Time) {
	m.lose(id, address, lost, true, now)
}

// remember begins the search for the member at an address that the peers file holds.
func (m *missing) remember(address string, now time.Time) {
	m.lose(identity{}, address, remembered, true, now)
}

func (m *missing) lose(id identity, address string, why origin, proven bool, now time.Time) {
	if one := m.known.Get(address); one != nil && one.id == id {
		return
	}
	m.forget(address)
	if why == lost {
		m.trim(id.name)
	}
	one := &absence{address: address, id: id, origin: why, proven: proven, since: now,
		next: now.Add(jitter(firstSearch)), pause: firstSearch}
	if evicted, ok := m.known.Set(address, one); ok {
		m.unname(evicted)
	}
	m.name(one)
}

// trim makes room for one more address of a name: a member that comes and goes takes no room from others.
func (m *missing) trim(name string) {
	number, oldest := 0, (*absence)(nil)
	for one := range m.named[name] {
		if one.origin != lost {
			continue
		}
		if number++; oldest == nil || one.since.Before(oldest.since) {
			oldest = one
		}
	}
	if number >= mostMissingEach {
		m.forget(oldest.address)
	}
}

// tell begins a short search for a member that a teller says lives at an address.
func (m *missing) tell(id identity, address, teller string, now time.Time) {
	if m.known.Get(address) != nil || m.hearsay.at(address) != nil {
		return
	}
	one := &absence{address: address, id: id, origin: told, teller: teller, since: now,
		next: now.Add(jitter(firstSearch)), pause: firstSearch}
	for _, evicted := range m.hearsay.add(one) {
		m.unname(evicted)
	}
	m.name(one)
}

func (m *missing) name(one *absence) {
	if m.named[one.id.name] == nil {
		m.named[one.id.name] = make(map[*absence]bool)
	}
	m.named[one.id.name][one] = true
}

func (m *missing) unname(one *absence) {
	delete(m.named[one.id.name], one)
	if len(m.named[one.id.name]) == 0 {
		delete(m.named, one.id.name)
	}
}

// forget ends the search at an address.
func (m *missing) forget(address string) {
	for _, one := range []*absence{m.known.Get(address), m.hearsay.at(address)} {
		if one != nil {
			m.unname(one)
		}
	}
	m.known.Delete(address)
	m.hearsay.remove(address)
}

// len is the number of addresses that are searched.
func (m *missing) len() int { return m.known.Len() + m.hearsay.len() }

// isLost reports whether a boot was lost and has not been found again.
func (m *missing) isLost(id identity) bool {
	for one := range m.named[id.name] {
		if one.origin == lost && one.id == id {
			return true
		}
	}
	return false
}

// found ends the search for a name, and at an address: the member has answered there, or spoke from
// a newer boot. Hearsay must not call it.
func (m *missing) found(id identity, address string) {
	m.forget(address)
	for one := range m.named[id.name] {
		m.forget(one.address)
	}
}

// parted ends the search for a member that is known to have said goodbye.
func (m *missing) parted(id identity) {
	for one := range m.named[id.name] {
		if one.id == id {
			m.forget(one.address)
		}
	}
}

// due returns the lost or remembered address that has been due for longest, and sets when it is due again.
func (m *missing) due(now time.Time) (address string, ok bool) {
	return m.take(m.known.All(), now, func(one, other *absence) bool { return one.next.Before(other.next) })
}

// dueLately returns the address that was lost last among those that are due.
func (m *missing) dueLately(now time.Time) (address string, ok bool) {
	return m.take(m.known.All(), now, func(one, other *absence) bool { return one.since.After(other.since) })
}

// dueTold returns the hearsay that has been due for longest. The last of its dials ends the search.
func (m *missing) dueTold(now time.Time) (address string, ok bool) {
	address, ok = m.take(m.hearsay.all.All(), now, func(one, other *absence) bool { return one.next.Before(other.next) })
	if ok && m.hearsay.at(address).dials >= mostToldDials {
		m.forget(address)
	}
	return address, ok
}

func (m *missing) take(
	all iter.Seq2[string, *absence], now time.Time, before func(one, other *absence) bool,
) (address string, ok bool) {
	var first *absence
	for _, one := range all {
		held := m.hold && one.origin == remembered
		if !held && !one.next.After(now) && (first == nil || before(one, first)) {
			first = one
		}
	}
	if first == nil {
		return "", false
	}
	first.dials++
	first.pause = min(2*first.pause, slowSearch)
	first.next = now.Add(jitter(first.pause))
	return first.address, true
}

// refused records that nobody listens at an address, and returns the member that did. A remembered
// address that still refuses after some time is forgotten by a node that has peers. Not at once: in a
// restart of a whole cluster islands form that find each other by nothing else.
func (m *missing) refused(address string, peers bool, now time.Time) (id identity) {
	one := m.known.Get(address)
	if one == nil {
		return id
	}
	if one.refused = true; one.origin == remembered && peers && now.Sub(one.since) >= refusedFor {
		m.forget(address)
	}
	if one.pause >= slowSearch {
		one.next = now.Add(jitter(slowerSearch))
	}
	return one.id
}
