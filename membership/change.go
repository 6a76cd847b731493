package membership

import "time"

// Change is something learned about a member: [Heard], [Hearsay], [Remembered], [Asked], [Answered], [Up], [Suspected] or
// [Down].
type Change interface {
	member() string
	apply(e *entry)
}

// Heard is a record that its owner sent itself. Gone is for how long its boot has been dead as far as the teller
// knows, 0 while it lives: passed on with the record, it lets all members forget a dead one at about the same time.
type Heard struct {
	Record Record
	Gone   time.Duration
}

// Remembered is what a peer remembers of a member that is gone. Of one that lives it says only that there is one.
type Remembered struct{ Head }

// Up says that a boot of a name was seen alive, with its gossip at Address. Whoever says so says [Down] in the end.
type Up struct {
	Name     string
	BootID   uint64
	Address  string
	Evidence string // how it was seen, for [View.Why]
}

// Suspected says that a boot that was seen alive does not answer at present. It stays listed, and is called only where
// no other instance is left, until Up or Down.
type Suspected struct {
	Name     string
	BootID   uint64
	Evidence string
}

// Down says that a boot of a name is no longer alive. Proof is set when that is certain, as when its port refuses
// connections, rather than the end of patience with a silent one: nothing is then kept of it.
type Down struct {
	Name     string
	BootID   uint64
	Proof    bool
	Evidence string
}

// entry is what is known of one name.
type entry struct {
	claim             // what counts
	heard   bool      // claim is set
	other   *claim    // what else is said, and does not count at present: see belief.go
	alive   lives     // the boots that are seen alive
	refuted time.Time // when its owner contradicted what others had said and was believed
	edition int       // raised where the owner says something else under a version than others did
	doubted bool      // others say something else than what counts, which is others' word as well
	met     bool      // one was, at some time
	address string    // where record's boot was seen last, once it is not alive
	lost    bool      // it fell silent, without a goodbye
	kept    bool      // listed although lost, because there was nobody left to ask
	spared  bool      // listed although lost, because many others of its kind were lost with it
	suspect bool      // it is alive as far as is known, and does not answer
	buried  bool      // record's boot is reported gone, and was never seen alive here
	losses  losses
	why     reason
	held    time.Time // not listed until then, although it is back
	peer    bool      // counted in Store.living
	sum     uint64    // what it adds to Store.digest
	kind    kind      // how it is remembered, as counted in Store.past
	bytes   int       // what it adds there
	weighed bool      // it is counted there
	shown   shown     // how it was last published
}

// shown is what decides whether a member looks the same in two snapshots.
type shown struct {
	listed  bool
	boot    Boot
	version uint64
	form    byte // of one version, a newer form says more
	edition int  // of one version
	address string
	suspect bool
}

func (c Heard) member() string      { return c.Record.Name }
func (c Remembered) member() string { return c.Name }
func (c Up) member() string         { return c.Name }
func (c Suspected) member() string  { return c.Name }
func (c Down) member() string       { return c.Name }

// Of a boot whose record is known, a head tells nothing new but its goodbye, or that the boot is gone where it was
// never seen alive.
func (c Remembered) apply(e *entry) {
	known := e.heard && e.record.Boot.ID == c.Boot.ID
	if known && e.relayed && c.Gone == 0 && c.Version < e.record.Version {
		e.doubted = true // the relay may have made it up, and the owner may not have heard that it was believed
	}
	if c.Gone == 0 && !e.heard {
		Hearsay{Record: c.bare()}.apply(e)
	} else if c.Gone > 0 && c.Gone <= forgetAfter && (!known || c.State == Left) {
		Hearsay{Record: c.bare(), Gone: c.Gone}.apply(e)
	} else if c.Gone > 0 && known {
		e.bury(reportedGone)
	}
}

func (c Up) apply(e *entry) {
	_, alive := e.alive.address(c.BootID)
	if !alive {
		e.returned()
	}
	e.alive.add(c.BootID, c.Address, c.Evidence)
	e.met = true
	defer e.reconsider()
	if e.record.Boot.ID != c.BootID {
		return // its record will tell of it
	}
	if !alive || e.suspect || e.why.passing {
		e.why.set(c.Evidence)
	}
	e.kept, e.spared, e.suspect, e.buried = false, false, false, false
}

func (c Suspected) apply(e *entry) {
	if e.record.Boot.ID == c.BootID && e.lives() && !e.suspect {
		e.suspect = true
		e.why.set(c.Evidence)
	}
}

func (c Down) apply(e *entry) {
	address, alive := e.alive.address(c.BootID)
	e.alive.remove(c.BootID)
	defer e.reconsider()
	if e.heard && e.record.Boot.ID != c.BootID {
		return
	}
	if !alive {
		e.bury(c.Evidence)
	}
	if alive {
		e.gone, e.lost, e.address, e.suspect = time.Now(), e.heard && e.record.State != Left, address, false
	}
	if alive && e.record.State != Left {
		e.why.set(c.Evidence)
	}
	if e.lost && alive {
		e.losses.add()
	}
	if c.Proof {
		e.lost, e.kept, e.spared = false, false, false
	}
}

// lives reports whether the boot that counts is seen alive.
func (e *entry) lives() bool { return e.alive.at(e.record.Boot.ID) >= 0 }

// whole says whether the record is known, and not just its head.
func (e *entry) whole() bool { return e.heard && e.record.form() > 0 }

// shows says how the member looks from here.
func (e *entry) shows(self bool) shown {
	if !e.whole() || e.record.State == Left || !self && !e.kept && !e.spared && (!e.lives() || !e.held.IsZero()) {
		return shown{}
	}
	return shown{true, e.record.Boot, e.record.Version, e.record.form(), e.edition, e.seenAt(), e.doubtful(self)}
}

func (e *entry) seenAt() string {
	if address, alive := e.alive.address(e.record.Boot.ID); alive {
		return address
	}
	return e.address
}

// doubtful says whether a member that is listed may be gone. Of those that are kept because this process is cut off from all,
// none is more so than another.
func (e *entry) doubtful(self bool) bool { return !self && !e.kept && (e.suspect || !e.lives()) }

// toMember leaves the address of this process itself empty.
func (e *entry) toMember(self bool) Member {
	address := e.seenAt()
	if self {
		address = ""
	}
	return Member{
		Name:      e.record.Name,
		Boot:      e.record.Boot,
		Address:   address,
		Zone:      e.record.Zone,
		State:     e.record.State,
		Services:  e.record.Services,
		Metadata:  e.record.Metadata,
		Started:   e.record.Started,
		Suspected: e.shown.suspect,

		registered: e.record.Registered,
	}
}

// known is the record as it is passed on.
func (e *entry) known(self bool) Heard {
	if e.lives() || self {
		return Heard{Record: e.record}
	}
	return Heard{e.record, time.Since(e.gone)}
}
