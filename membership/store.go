package membership

import (
	"sync"
	"time"
)

const (
	// keepWhenCutOff is how far back a node that loses its last peer restores those that vanished before it: SWIM
	// declares the members beyond a partition dead one after another, in a large cluster minutes apart.
	keepWhenCutOff = 5 * time.Minute

	// keepOnceHealed is how long they stay listed after a peer is back, unless it is known sooner what became of each:
	// the other peers come back one by one, and the view must not shrink to the first.
	keepOnceHealed = 20 * time.Second
)

// Store merges what is heard about members (their records) with what is seen of them (whether they live) and publishes
// the outcome in its View. A member is listed when its newest record is of a boot that is seen alive and that has not
// left. The order in which records arrive, and how often, makes no difference.
type Store struct {
	self string
	view *View

	mu        sync.Mutex
	entries   map[string]*entry
	living    int             // other members that are alive, known by their record, and have not said goodbye
	digest    uint64          // of the records of those, and of this member's own
	cutOff    bool            // whether this member hears nobody
	isolated  bool            // whether that is so, or the last of them is gone while others are kept
	healed    time.Time       // when one was back
	kept      bool            // whether any entry is kept
	held      map[string]bool // names of those that are held back
	spared    bool            // whether any entry is spared
	contested map[string]bool // names of those that live and whose record is in doubt
	past      [kinds]past     // those that do not live
	oldest    time.Time       // no entry has been gone for longer
}

// NewStore gives an empty store for the member named self, whose own record counts as alive from the start.
func NewStore(self string) *Store {
	s := &Store{self: self, view: newView(self), entries: make(map[string]*entry), held: make(map[string]bool),
		contested: make(map[string]bool)}
	why := s.why
	s.view.explain.Store(&why)
	return s
}

// View is where the outcome appears.
func (s *Store) View() *View { return s.view }

// OnReport sets what [View.Report] calls. The function must return at once; it may be called by many goroutines.
func (s *Store) OnReport(report func(Instance, Evidence)) { s.view.report.Store(&report) }

// Apply merges changes, in order, and publishes at most one new snapshot. Call it now and then even without changes: it
// also lets go of what has been remembered for long enough.
func (s *Store) Apply(changes ...Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := make(map[string]bool, len(changes))
	for _, change := range changes {
		name := change.member()
		e := s.entries[name]
		if e == nil {
			e = new(entry)
			s.entries[name] = e
		}
		change.apply(e)
		touched[name] = true
	}
	s.believe(touched)
	had := s.living > 0
	s.count(touched)
	s.checkIsolation(had, touched)
	s.release(touched)
	s.spare(touched)
	s.publish(touched)
	s.forget(touched)
}

// CutOff says whether this member hears nobody any more. While that is so, silence says nothing of others: nobody is suspected for
// it, and whoever is given up is kept, until one of them is heard again and for some time after.
func (s *Store) CutOff(cut bool) {
	var changes []Change
	s.mu.Lock()
	s.cutOff = cut
	for name, e := range s.entries {
		if cut && e.suspect {
			changes = append(changes, acquitted(name))
		}
	}
	s.mu.Unlock()
	s.Apply(changes...)
}

// acquitted takes the suspicion from a member.
type acquitted string

func (a acquitted) member() string { return string(a) }
func (a acquitted) apply(e *entry) {
	e.suspect = false
	e.why.set("this process hears nobody")
	e.why.passing = true
}

// count keeps up what is known of all entries together.
func (s *Store) count(touched map[string]bool) {
	for name := range touched {
		e := s.entries[name]
		lives := e.whole() && (name == s.self || e.lives()) && e.record.State != Left
		peer := lives && name != s.self
		s.digest -= e.sum
		if e.sum = 0; lives {
			e.sum = e.record.sum()
			s.digest += e.sum
		}
		switch {
		case peer && !e.peer:
			s.living++
		case e.peer && !peer:
			s.living--
		}
		e.peer = peer
		delete(s.contested, name)
		if name != s.self && e.contested() {
			s.contested[name] = true
		}
		if s.oldest.IsZero() || e.gone.Before(s.oldest) && !e.lives() {
			s.oldest = e.gone
		}
	}
}

// checkIsolation keeps those that fell silent once the last peer is gone, whether it fell silent, died or left, and lets go
// of them some time after one is back.
func (s *Store) checkIsolation(had bool, touched map[string]bool) {
	switch {
	case s.cutOff:
		s.keep(touched)
		s.isolated = true
	case s.living > 0 && s.isolated:
		s.isolated, s.healed = false, time.Now()
	case had && s.living == 0:
		s.keep(touched)
	}
	if !s.kept {
		s.isolated = s.cutOff
		return
	}
	s.kept = false
	for name, e := range s.entries {
		if e.kept && !s.isolated && time.Since(s.healed) >= keepOnceHealed {
			e.kept, touched[name] = false, true
		}
		s.kept = s.kept || e.kept
	}
	s.isolated = s.cutOff || s.isolated && s.kept
}

// keep lists those that fell silent lately.
func (s *Store) keep(touched map[string]bool) {
	for name, e := range s.entries {
		if e.lost && name != s.self && time.Since(e.gone) <= keepWhenCutOff {
			e.kept, touched[name], s.kept, s.isolated = true, true, true, true
		}
	}
}

// publish makes a new snapshot if one of the touched members looks different now.
func (s *Store) publish(touched map[string]bool) {
	changed, now := make(map[string]bool), make(map[string]Member)
	for name := range touched {
		e := s.entries[name]
		shows := e.shows(name == s.self)
		if shows == e.shown {
			continue
		}
		e.shown, changed[name] = shows, true
		if shows.listed {
			now[name] = e.toMember(name == s.self)
		}
	}
	var err error
	if s.isolated {
		err = ErrIsolated
	}
	if old := s.view.Snapshot(); len(changed) > 0 || err != old.err {
		s.view.publish(old.next(changed, now, err))
	}
}

// Said returns the same as Record, and reports whether the member said so itself, to this process.
func (s *Store) Said(name string) (r Record, itself bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[name]; e != nil && e.heard {
		return e.record, e.own
	}
	return Record{}, false
}

// Record gives the newest record of a member, living or remembered.
func (s *Store) Record(name string) (Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[name]; e != nil && e.heard {
		return e.record, true
	}
	return Record{}, false
}
