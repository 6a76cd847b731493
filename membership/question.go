package membership

import "time"

// Asked says that the owner of a boot was asked for its record.
type Asked struct {
	Name   string
	BootID uint64
}

// Answered says that the owner of a boot has answered, after the [Heard] of its answer: what others
// say of that boot beyond it is false.
type Answered struct {
	Name   string
	BootID uint64
}

func (c Asked) member() string    { return c.Name }
func (c Answered) member() string { return c.Name }

func (c Asked) apply(e *entry) {
	if _, told := e.words(); told != nil && told.record.Boot.ID == c.BootID && told.asked.IsZero() {
		told.asked = time.Now()
	}
}

func (c Answered) apply(e *entry) {
	if own, told := e.words(); own != nil && told != nil && told.record.Boot.ID == c.BootID && own.record.Boot.ID == c.BootID {
		e.refuted = time.Now()
		e.choose(own, nil)
	}
}

// contested reports whether others say of the boot that lives what its owner did not, or whether
// its record is missing.
func (e *entry) contested() bool {
	own, told := e.words()
	switch {
	case len(e.alive) == 0:
		return false
	case e.doubted:
		return true
	case own != nil && told != nil && e.alive.at(own.record.Boot.ID) >= 0:
		return !told.relayed && told.record.Boot.ID == own.record.Boot.ID
	}
	return !e.whole() || !e.lives() || !e.own
}

// Question is a member that lives and whose record is in doubt: the member is to be asked for it,
// see [Asked].
type Question struct {
	Name    string
	BootID  uint64 // the boot that lives
	Ends    bool   // others say that it said goodbye, or of a newer boot
	Unheard bool   // the member itself has told nothing yet: its record may be on the way
}

// believe takes the word of others where an owner has not answered.
func (s *Store) believe(touched map[string]bool) {
	for name := range s.contested {
		if e := s.entries[name]; e.other != nil && !e.other.own && e.other.unanswered() {
			e.reconsider()
			touched[name] = true
		}
	}
}

// Questions returns the open ones.
func (s *Store) Questions() (open []Question) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.contested {
		e := s.entries[name]
		q := Question{Name: name, BootID: e.alive[len(e.alive)-1].boot, Unheard: true}
		own, told := e.words()
		if own != nil && e.alive.at(own.record.Boot.ID) >= 0 {
			q.BootID, q.Unheard = own.record.Boot.ID, false
			q.Ends = told != nil && (told.record.Boot.ID != q.BootID || told.record.State == Left)
		}
		open = append(open, q)
	}
	return open
}
