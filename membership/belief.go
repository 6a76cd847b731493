package membership

import (
	"reflect"
	"time"
)

// Records are not signed, so a member can tell anything of another. The store therefore keeps apart
// what the owner of a name said itself, and what others say of it, and the word of others does not
// displace a boot that lives:
//
//   - While the boot of the owner's word is seen alive, that word counts. Where others tell of
//     a newer version, the owner is asked, see [Store.Questions]. Only if it does not answer,
//     as beyond a cut of one link, their word counts, until the owner speaks again.
//   - A goodbye that others tell of counts once that boot is lost.
//   - A newer boot that others tell of counts once it is seen alive, or the older one is gone
//     and was not merely lost.
//   - Of a boot that is not seen alive, others can tell a head only, and numbers that exceed
//     those known by a bounded step.
const (
	// answerWithin is how long the owner of a record has to answer before the word of others counts.
	answerWithin = 2 * time.Second

	// distrustFor is how long the word of a relay does not count at once where an owner has
	// contradicted one.
	distrustFor = time.Hour

	// mostStep is how far a boot number or a version that others tell of may exceed those known. A
	// member that raises its own number by as much once a second, for the word of a liar, reaches
	// NumberLimit after 34 years.
	mostStep = 1 << 32
)

// Step returns told, or the highest number that is believed of others where known is known.
func Step(known, told uint64) uint64 { return min(told, known+mostStep) }

// Hearsay is a record that a member other than its owner sent. Gone is as in [Heard].
type Hearsay struct {
	Record  Record
	Gone    time.Duration
	Relayed bool // its owner has it passed on by way of others, and compares what arrives: it counts at once
}

func (c Hearsay) member() string { return c.Record.Name }

// claim is what is said of a name, and by whom.
type claim struct {
	record   Record
	own      bool      // its owner said it; or else another member
	gone     time.Time // since when record's boot is not alive
	met      bool      // its boot was seen alive
	reported bool      // it was said to be gone
	relayed  bool      // see Hearsay
	asked    time.Time // of another's word: since when the owner has been asked about it, zero where it was not
}

func newClaim(r Record, own bool, gone time.Duration) *claim {
	return &claim{record: r, own: own, gone: time.Now().Add(-gone), reported: gone > 0}
}

func (c Heard) apply(e *entry) { e.hear(newClaim(c.Record.Clone(), true, c.Gone)) }

func (c Hearsay) apply(e *entry) {
	r := c.Record
	known := e.highest()
	if r.Boot.Number > Step(known.Boot.Number, r.Boot.Number) {
		return
	}
	if known.Boot.ID != r.Boot.ID {
		known.Version = 0
	}
	if r.Version > Step(known.Version, r.Version) {
		return
	}
	if e.alive.at(r.Boot.ID) < 0 || r.State == Left {
		r = r.bare()
	}
	told := newClaim(r.Clone(), false, c.Gone)
	told.relayed = c.Relayed && time.Since(e.refuted) > distrustFor
	e.hear(told)
}

// bare returns the record with its head alone.
func (r Record) bare() Record {
	return Record{Name: r.Name, Boot: r.Boot, Version: r.Version, State: r.State, lag: WireVersion}
}

// highest returns the newest record of all words.
func (e *entry) highest() Record {
	if e.other != nil && e.other.record.Newer(e.record) {
		return e.other.record
	}
	return e.record
}

// words returns what the owner said last, and what others say beyond it.
func (e *entry) words() (own, told *claim) {
	if e.heard && e.own {
		return &e.claim, e.other
	} else if e.heard {
		return e.other, &e.claim
	}
	return nil, nil
}

// hear takes in a claim, if it is news.
func (e *entry) hear(c *claim) {
	own, told := e.words()
	switch {
	case c.own && (own == nil || e.outranks(c.record, own.record)):
		if told != nil && told.record.sameVersion(c.record) && told.record.Whole() && !reflect.DeepEqual(told.record, c.record) {
			e.refuted = time.Now()
			e.edition++
		}
		if told != nil && (told.record.sameVersion(c.record) || !told.record.Newer(c.record)) {
			told = nil
		}
		own = c
	case !c.own && (own == nil || c.record.Newer(own.record)) && (told == nil || c.record.Newer(told.record)):
		if told != nil && told.record.Boot.ID == c.record.Boot.ID {
			c.asked = told.asked // the question is for the record, whatever its version: news do not put off its end
		}
		if e.doubted = e.keeps(own, told, c); !e.doubted {
			told = c
		}
	case c.reported && e.record.Boot == c.record.Boot:
		e.bury(reportedGone)
	}
	e.doubted = e.doubted && !c.own
	if c.own && told != nil { // the owner speaks: it is to be asked again
		told.asked, told.relayed = time.Time{}, false
	}
	e.choose(own, told)
}

// keeps reports whether what others said before stands against what they say now, which would count
// later, if at all: their earlier word is better than one of the owner's that is older still.
func (e *entry) keeps(own, told, now *claim) bool {
	if own == nil || told == nil || e.own || e.alive.at(told.record.Boot.ID) < 0 {
		return false
	}
	return !e.believes(own, now)
}

// sameVersion reports whether two records of a name have the same place in the order, whatever
// their forms.
func (r Record) sameVersion(other Record) bool {
	return r.Boot == other.Boot && r.Version == other.Version
}

// outranks reports whether the owner's word replaces an earlier word. Newer records do. So does the
// word of a boot that lives over that of a dead boot whose number is beyond all reach, as a liar has
// driven it up; and over an earlier word of its own that is as far ahead, which only a liar with the
// secret of the cluster can have said in its name.
func (e *entry) outranks(r, old Record) bool {
	if r.Newer(old) {
		return true
	}
	if e.alive.at(r.Boot.ID) < 0 {
		return false
	}
	ahead := old.Boot.Number - r.Boot.Number
	if r.Boot.ID == old.Boot.ID {
		return ahead > 2*mostStep || ahead == 0 && old.Version-r.Version > 2*mostStep && old.Version > r.Version
	}
	return (ahead > mostStep || old.Boot.Number >= NumberLimit-1) && e.alive.at(old.Boot.ID) < 0
}

// choose makes one of the two words count. Either may be nil.
func (e *entry) choose(own, told *claim) {
	for _, c := range []*claim{own, told} {
		if c != nil && e.alive.at(c.record.Boot.ID) >= 0 {
			c.met = true
		}
	}
	counts, other := own, told
	if own == nil || told != nil && e.believes(own, told) {
		counts, other = told, own
	}
	if other != nil {
		kept := *other // it may be the entry's own
		other = &kept
	}
	if counts != nil && counts != &e.claim {
		e.adopt(*counts)
	}
	e.other = other
}

// believes reports whether what others say counts rather than what the owner said.
func (e *entry) believes(own, told *claim) bool {
	lives := e.alive.at(own.record.Boot.ID) >= 0
	if own.record.Boot.ID != told.record.Boot.ID {
		return told.met || !lives && !(e.own && e.lost)
	}
	return !lives || told.unanswered() && told.record.State != Left && told.record.form() > 0
}

func (c *claim) unanswered() bool {
	return c.relayed || !c.asked.IsZero() && time.Since(c.asked) >= answerWithin
}

// adopt makes a claim count.
func (e *entry) adopt(c claim) {
	known, before := e.heard, e.claim
	another := !known || before.record.Boot.ID != c.record.Boot.ID // a higher number alone is the same life
	if !another {
		c.gone = before.gone
	}
	e.claim, e.heard = c, true
	if another {
		e.address = ""
		e.lost, e.kept, e.spared, e.suspect, e.buried = false, false, false, false, c.reported
	}
	if c.record.State == Left { // its goodbye may arrive after it was seen to be gone
		e.lost, e.kept, e.spared = false, false, false
	}
	switch {
	case another:
		e.learned(known)
	case c.record.State != before.record.State:
		e.said()
	}
}

// reconsider chooses again after a change in which boots live.
func (e *entry) reconsider() { e.choose(e.words()) }
