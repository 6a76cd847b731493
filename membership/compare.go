package membership

import (
	"cmp"
	"slices"
)

// Digest is one number for the records of all members that live, this one included: where two members have the same, they
// know the same (but for a chance of 2^-64). It does not depend on order: it is a sum of hashes, one a record, as in Bellare
// and Micciancio's AdHash (EUROCRYPT 1997).
func (s *Store) Digest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.digest
}

// Heads gives the heads of all records that are known, by name in ascending order.
func (s *Store) Heads() []Head {
	return s.headsBetween("", "")
}

// headsBetween gives those with names from first to last, "" for no end. They are sorted without the lock.
func (s *Store) headsBetween(first, last string) []Head {
	s.mu.Lock()
	heads := make([]Head, 0, len(s.entries))
	for name, e := range s.entries {
		if e.heard && name >= first && (last == "" || name <= last) {
			heads = append(heads, e.head(name == s.self))
		}
	}
	s.mu.Unlock()
	slices.SortFunc(heads, func(a, b Head) int { return cmp.Compare(a.Name, b.Name) })
	return heads
}

// HeadOf gives the head of one record, or none.
func (s *Store) HeadOf(name string) []Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[name]; e != nil && e.heard {
		return []Head{e.head(name == s.self)}
	}
	return nil
}

// Lacks returns the names of those of a peer's heads whose records would tell something new, up to a form. Records of
// members that are not seen alive here are not worth having, nor is the record of this member.
func (s *Store) Lacks(heads []Head, form byte) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range heads {
		e := s.entries[h.Name]
		if h.Gone > 0 || h.Name == s.self || e == nil || e.alive.at(h.Boot.ID) < 0 {
			continue
		}
		if !e.heard || h.compare(e.head(false), form) > 0 {
			names = append(names, h.Name)
		}
	}
	return names
}

// Awaited returns those of a peer's heads of living members that the view does not hold yet: it lists neither that
// version nor a later one, although nothing is known of the end of that boot.
func (s *Store) Awaited(heads []Head) (awaited []Head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range heads {
		if e := s.entries[h.Name]; e == nil || !e.heard || e.awaits(h) {
			awaited = append(awaited, h)
		}
	}
	return awaited
}

func (e *entry) awaits(h Head) bool {
	switch {
	case e.record.Boot.ID != h.Boot.ID:
		return h.Boot.Compare(e.record.Boot) > 0
	case e.record.State == Left || !e.lives() && (e.address != "" || e.buried):
		return false
	}
	return e.record.Version < h.Version || !e.whole() || !e.lives()
}

// Lacking gives the heads, with names from first to last, that would tell something new to a peer that has heads of all it
// knows from there, and reads records up to a form. An empty last has no end.
func (s *Store) Lacking(heads []Head, first, last string, form byte) (lacking []Head) {
	theirs := make(map[string]Head, len(heads))
	for _, h := range heads {
		theirs[h.Name] = h
	}
	for _, own := range s.headsBetween(first, last) {
		h, known := theirs[own.Name]
		if !known || own.tells(h, form) {
			lacking = append(lacking, own)
		}
	}
	return lacking
}

// tells says whether a head is news to a peer that has other of the same name, see [Remembered].
func (h Head) tells(other Head, form byte) bool {
	switch {
	case h.Gone == 0:
		return h.compare(other, form) > 0
	case h.Boot == other.Boot:
		return h.State == Left && other.State != Left
	}
	return h.compare(other, 0) > 0
}

// compare orders what two heads of one name say, forms up to one.
func (h Head) compare(other Head, form byte) int {
	return cmp.Or(h.Boot.Compare(other.Boot), cmp.Compare(h.Version, other.Version), cmp.Compare(min(h.Form, form), min(other.Form, form)))
}

// Known gives the records of members, as they are passed on. Their slices and maps are shared with the snapshots.
func (s *Store) Known(names []string) (records []Heard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if e := s.entries[name]; e != nil && e.whole() {
			records = append(records, e.known(name == s.self))
		}
	}
	return records
}
