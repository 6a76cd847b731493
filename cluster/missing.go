package cluster

import "time"

const (
	mostMissing  = 1024             // members that are looked for; beyond them, those that were lost first are given up
	firstSearch  = time.Second      // between two dials of one; doubles with each
	slowSearch   = 10 * time.Second // at most, where nobody answers, as beyond a cut
	slowerSearch = 20 * time.Second // and where the host says that nobody is there
)

// missing are members that were lost without a goodbye, or that a file remembers, by address. None is given up for its age:
// the end of a partition of a day must be noticed as soon as that of one of a minute.
type missing map[string]*absence

type absence struct {
	id    identity // the zero value for one that a file remembers
	lost  bool     // it was a member here; or else others tell of it
	since time.Time
	next  time.Time // when it is dialled
	pause time.Duration
}

// add begins to look for one, unless it is being looked for.
func (m missing) add(id identity, address string, now time.Time) {
	if one := m[address]; one != nil && one.id == id {
		return
	}
	m[address] = &absence{id: id, since: now, next: now.Add(jitter(firstSearch)), pause: firstSearch}
	for len(m) > mostMissing {
		oldest := address
		for other, absence := range m {
			if absence.since.Before(m[oldest].since) {
				oldest = other
			}
		}
		delete(m, oldest)
	}
}

// lose begins to look for a member that this one has lost.
func (m missing) lose(id identity, address string, now time.Time) {
	m.add(id, address, now)
	if one := m[address]; one != nil { // or else too many were lost at this instant
		one.lost = true
	}
}

// isLost reports whether a boot was lost and has not been found again.
func (m missing) isLost(id identity) bool {
	for _, absence := range m { // mostly empty
		if absence.lost && absence.id == id {
			return true
		}
	}
	return false
}

// found lets go of whoever has that name, and of whoever was at that address.
func (m missing) found(id identity, address string) {
	delete(m, address)
	for other, absence := range m { // mostly empty
		if absence.id.name == id.name {
			delete(m, other)
		}
	}
}

// due gives the one that has been due for longest, and says when it is due again.
func (m missing) due(now time.Time) (address string, ok bool) {
	return m.take(now, func(one, other *absence) bool { return one.next.Before(other.next) })
}

// dueLately gives, of those that are due, the one that was lost last.
func (m missing) dueLately(now time.Time) (address string, ok bool) {
	return m.take(now, func(one, other *absence) bool { return one.since.After(other.since) })
}

func (m missing) take(now time.Time, before func(one, other *absence) bool) (address string, ok bool) {
	for other, absence := range m {
		if !absence.next.After(now) && (!ok || before(absence, m[address])) {
			address, ok = other, true
		}
	}
	if ok {
		one := m[address]
		one.pause = min(2*one.pause, slowSearch)
		one.next = now.Add(jitter(one.pause))
	}
	return address, ok
}

// refused notes that nobody is at an address, and gives who was.
func (m missing) refused(address string, now time.Time) (id identity) {
	one := m[address]
	if one == nil {
		return id
	}
	if one.pause >= slowSearch {
		one.next = now.Add(jitter(slowerSearch))
	}
	return one.id
}

// parted lets go of a member that is known to have said goodbye.
func (m missing) parted(id identity) {
	for address, absence := range m { // mostly empty
		if absence.id == id {
			delete(m, address)
		}
	}
}
