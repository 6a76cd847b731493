package membership

import (
	"cmp"
	"slices"
	"time"
)

// The memory of members that do not live is bounded, by number and in bytes. Their boots are
// remembered so that a restart can rank above them, and the records of the departed so that one
// that was merely paused is back whole. A name that was never seen alive here may be made up: its
// record is kept only where its owner sent it, until it is seen alive, and such names never take
// the place of the departed.
const (
	forgetAfter = time.Hour
	mostGone    = 1024    // of each kind
	mostWhole   = 8 << 20 // bytes of records, of each kind
)

// kind is how a name is remembered.
type kind uint8

const (
	living   kind = iota // or kept, or this member itself: for as long as that lasts
	stranger             // never seen alive
	departed
	kinds
)

// past sums up the members of one kind.
type past struct{ count, bytes int }

// kindOf returns how a name is remembered.
func (e *entry) kindOf(self bool) kind {
	switch {
	case self || len(e.alive) > 0 || e.kept:
		return living
	case e.met:
		return departed
	}
	return stranger
}

// weight is about how many bytes are kept of a member that does not live, and of what others say of
// one that does.
func (e *entry) weight(k kind) (bytes int) {
	if k != living && e.whole() && !e.spared {
		bytes = e.record.footprint()
	}
	if e.other != nil && (k != living || !e.other.own) {
		bytes += e.other.record.footprint()
	}
	return bytes
}

// footprint is about how many bytes of memory a record takes.
func (r Record) footprint() int {
	if r.form() == 0 {
		return 0
	}
	const ofText, ofService, ofPair = 32, 256, 128
	bytes := r.size() + ofPair*(len(r.Metadata)+len(r.Registered))
	for _, service := range r.Services {
		bytes += ofService + ofText*len(service.Tags) + ofPair*len(service.Metadata)
	}
	return bytes + 2*ofText*len(r.later)
}

// weigh counts an entry as it is now.
func (s *Store) weigh(name string) {
	e := s.entries[name]
	s.unweigh(e)
	e.kind, e.weighed = e.kindOf(name == s.self), true
	e.bytes = e.weight(e.kind)
	s.past[e.kind].count++
	s.past[e.kind].bytes += e.bytes
}

func (s *Store) unweigh(e *entry) {
	if e.weighed {
		s.past[e.kind].count--
		s.past[e.kind].bytes -= e.bytes
	}
	e.weighed = false
}

func (s *Store) drop(name string) {
	s.unweigh(s.entries[name])
	delete(s.entries, name)
}

// forget drops the members that have been gone for long, and what exceeds the bounds.
func (s *Store) forget(touched map[string]bool) {
	for name := range touched {
		if e := s.entries[name]; !e.heard && len(e.alive) == 0 {
			s.drop(name)
			continue
		}
		if s.weigh(name); s.past[living].bytes > mostWhole {
			s.strip(name)
		}
	}
	if time.Since(s.oldest) > forgetAfter {
		s.forgetOld()
	}
	for k := stranger; k < kinds; k++ {
		if s.past[k].count > mostGone || s.past[k].bytes > mostWhole {
			s.shrink(k)
		}
	}
}

func (s *Store) forgetOld() {
	s.oldest = time.Now()
	for name, e := range s.entries {
		switch {
		case e.kindOf(name == s.self) == living:
		case time.Since(e.gone) > forgetAfter:
			s.drop(name)
		case e.gone.Before(s.oldest):
			s.oldest = e.gone
		}
	}
}

// shrink forgets the first to go, hearsay before all else, and of more that are too large all but
// the heads.
func (s *Store) shrink(k kind) {
	var names []string
	for name, e := range s.entries {
		if e.kind == k {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		one, other := s.entries[a], s.entries[b]
		return cmp.Or(compareBools(one.own, other.own), one.gone.Compare(other.gone), cmp.Compare(a, b))
	})
	for _, name := range names {
		if s.past[k].count > mostGone {
			s.drop(name)
		} else if s.past[k].bytes > mostWhole {
			s.strip(name)
		}
	}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// strip leaves the head of an entry that does not live, and the record alone of a living one.
func (s *Store) strip(name string) {
	e := s.entries[name]
	if e.kind != living && !e.spared {
		e.record = e.record.bare()
	}
	if e.other != nil && !(e.kind == living && e.other.own) {
		e.other = nil
	}
	s.weigh(name)
}
