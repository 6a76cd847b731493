package membership

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhyInEveryState checks the standing and the evidence of a member in each state that it can have, by each way in
// which an observer can learn of it.
func TestWhyInEveryState(t *testing.T) {
	a := member("a", users("a:1"))
	answered := Up{Name: "a", BootID: a.Boot.ID, Address: "a:7946", Evidence: "it answered"}
	again := Up{Name: "a", BootID: a.Boot.ID, Address: "a:7946", Evidence: "it answered again"}
	refused := Down{Name: "a", BootID: a.Boot.ID, Proof: true, Evidence: "its port refused"}
	silent := Down{Name: "a", BootID: a.Boot.ID, Evidence: "it was silent"}
	suspected := Suspected{"a", a.Boot.ID, "it did not answer"}
	restart := restarted(a)
	restartUp := Up{Name: "a", BootID: restart.Boot.ID, Address: "a:7947", Evidence: "the new one answered"}
	raised := a // the owner outranked a boot that it had heard of
	raised.Boot.Number, raised.Version = 7, 2
	tombstone := func(r Record) Change {
		return Remembered{Head{Name: r.Name, Boot: r.Boot, Version: r.Version, State: r.State, Gone: time.Minute}}
	}
	oldRecord := Heard{a, time.Minute}
	present := []Change{heard(a), answered}
	var flaps []Change
	for range 4 {
		flaps = append(flaps, answered, silent)
	}
	other := member("b", users("b:1")) // so that a is dispensable
	others := append(alive(other, member("c"), member("d")), heard(a))

	for name, tt := range map[string]struct {
		changes  []Change
		standing Standing
		evidence string
	}{
		"joined before, saw it":         {present, StandingPresent, "it answered"},
		"saw it before its record came": {[]Change{answered, heard(a)}, StandingPresent, "it answered"},
		"saw it, of its record only the head": {
			[]Change{tombstone(a), answered}, StandingUnmet, "it answers, and its record has not come"},
		"hearsay only": {[]Change{heard(a)}, StandingUnmet, "others say that it lives"},
		"hearsay only, of a boot that restarted": {
			[]Change{heard(a), heard(restart)}, StandingUnmet, "a newer boot of it was heard of"},
		"hearsay, then reported gone": {
			[]Change{heard(a), tombstone(a)}, StandingGone, "others report it gone"},
		"hearsay, then a record of the gone": {
			[]Change{heard(a), oldRecord}, StandingGone, "others report it gone"},
		"hearsay, then given up": {[]Change{heard(a), silent}, StandingGone, "it was silent"},
		"reported gone, then seen": {
			[]Change{tombstone(a), heard(a), answered}, StandingPresent, "it answered"},
		"a higher number of the same boot": {
			[]Change{heard(a), answered, heard(raised)}, StandingPresent, "it answered"},
		"lost, then a higher number of that boot": {
			[]Change{heard(a), answered, refused, heard(raised)}, StandingGone, "its port refused"},

		"joined before its death": {
			append(slices.Clone(present), refused), StandingGone, "its port refused"},
		"joined after its death, by a head":     {[]Change{tombstone(a)}, StandingGone, "others report it gone"},
		"joined after its death, by its record": {[]Change{oldRecord}, StandingGone, "others report it gone"},
		"its newer boot is reported gone": {
			append(slices.Clone(present), tombstone(restart)), StandingPresent, "it answered"},
		"back from the dead": {
			append(slices.Clone(present), silent, again), StandingPresent, "it answered again"},

		"restarted, seen": {
			append(slices.Clone(present), heard(restart), restartUp), StandingPresent, "the new one answered"},
		"restarted, seen first": {
			append(slices.Clone(present), restartUp, heard(restart)), StandingPresent, "the new one answered"},
		"restarted, the old one found gone": {
			append(slices.Clone(present), restartUp, refused, heard(restart)), StandingPresent, "the new one answered"},
		"superseded, the old one answers": {
			append(slices.Clone(present), heard(restart), again), StandingUnmet, "a newer boot of it was heard of"},
		"superseded, the old one is given up": {
			append(slices.Clone(present), heard(restart), silent), StandingUnmet, "a newer boot of it was heard of"},

		"suspected": {append(slices.Clone(present), suspected), StandingSuspected, "it did not answer"},
		"suspected, then answered": {
			append(slices.Clone(present), suspected, again), StandingPresent, "it answered again"},
		"drains": {
			append(slices.Clone(present), heard(next(a, Draining))), StandingPresent, "it said that it drains"},
		"joined while it drains": {
			[]Change{answered, heard(next(a, Draining))}, StandingPresent, "it said that it drains"},
		"suspected, and drains": {
			append(slices.Clone(present), suspected, heard(next(a, Draining))), StandingSuspected, "it did not answer"},
		"lost, and was to drain": {
			append(slices.Clone(present), silent, heard(next(a, Draining))), StandingGone, "it was silent"},
		"left": {
			append(slices.Clone(present), heard(next(a, Left))), StandingLeft, "it said goodbye"},
		"left, then gone": {
			append(slices.Clone(present), heard(next(a, Left)), refused), StandingLeft, "it said goodbye"},
		"gone, then left": {
			append(slices.Clone(present), silent, heard(next(a, Left))), StandingLeft, "it said goodbye"},
		"joined after it left": {[]Change{tombstone(next(a, Left))}, StandingLeft, "it said goodbye"},
		"two boots left": {
			[]Change{tombstone(next(a, Left)), tombstone(next(restart, Left))}, StandingLeft, "it said goodbye"},

		"held back": {append(slices.Clone(others), append(slices.Clone(flaps), again)...), StandingHeld,
			"it answered again; it is held back, as it was lost repeatedly"},
		"held back, then lost": {
			append(slices.Clone(others), append(slices.Clone(flaps), again, silent)...), StandingGone, "it was silent"},
		"kept in a mass failure": {
			append(slices.Clone(others), answered, silent, Down{Name: "b", BootID: other.Boot.ID}), StandingKept,
			"it was silent"},
		"kept as the last peer": {append(slices.Clone(present), silent), StandingKept, "it was silent"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := storeOf(member("z")) // so that nobody is alone
				if name == "kept as the last peer" {
					s = storeOf()
				}
				for _, change := range tt.changes {
					s.Apply(change)
				}
				if why, _ := s.View().Why("a"); why.Standing != tt.standing || why.Evidence != tt.evidence {
					t.Errorf("%s: %q, want %s: %q", why.Standing, why.Evidence, tt.standing, tt.evidence)
				}
			})
		})
	}
}

// TestWhyOfItself follows a process through what it learns of itself: a number for its boot, a drain and its end.
func TestWhyOfItself(t *testing.T) {
	own := member("self")
	own.Boot.Number = 0
	s := NewStore("self")
	s.Apply(heard(own), Up{Name: "self", BootID: own.Boot.ID, Address: "self:1"})
	named := own
	named.Boot.Number, named.Version = 3, 2
	for _, tt := range []struct {
		record   Record
		standing Standing
		evidence string
	}{
		{own, StandingPresent, "it is this process"},
		{named, StandingPresent, "it is this process"},
		{next(named, Draining), StandingPresent, "this process drains"},
		{next(next(named, Draining), Left), StandingLeft, "this process said goodbye"},
	} {
		s.Apply(heard(tt.record))
		if why, known := s.View().Why("self"); !known || why.Standing != tt.standing || why.Evidence != tt.evidence {
			t.Errorf("%v: %+v, want %s, %q", tt.record.State, why, tt.standing, tt.evidence)
		}
	}
}

// TestWhyOnceConnectedAgain checks that evidence from before this process was cut off does not outlast the cut.
func TestWhyOnceConnectedAgain(t *testing.T) {
	a := member("a")
	s := storeOf(a, member("b"))
	s.Apply(Suspected{"a", a.Boot.ID, "it did not answer"})
	s.CutOff(true)
	if why, _ := s.View().Why("a"); why.Evidence != "this process hears nobody" {
		t.Errorf("cut off: %+v", why)
	}
	s.CutOff(false)
	s.Apply(Up{Name: "a", BootID: a.Boot.ID, Address: "a:1", Evidence: "it answered"})
	if why, _ := s.View().Why("a"); why.Standing != StandingPresent || why.Evidence != "it answered" {
		t.Errorf("connected again: %+v", why)
	}
}

// TestWhyOnceHeldBack has a member stay for as long as it is held back.
func TestWhyOnceHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := member("a")
		s := storeOf(append(crowd(5), a)...)
		for range 4 {
			s.Apply(down(a), Up{Name: "a", BootID: a.Boot.ID, Address: "a:1", Evidence: "it answered"})
		}
		time.Sleep(holdFor)
		s.Apply()
		if why, _ := s.View().Why("a"); why.Standing != StandingPresent || why.Evidence != "it answered" ||
			!why.Since.Equal(time.Now()) {
			t.Errorf("%+v", why)
		}
	})
}

// TestMemberOfItself holds that a process does not list an address of its own.
func TestMemberOfItself(t *testing.T) {
	own := member("self")
	s := NewStore("self")
	s.Apply(heard(own), Up{Name: "self", BootID: own.Boot.ID, Address: "10.0.0.1:7946"})
	if self, listed := s.View().Snapshot().Member("self"); !listed || self.Address != "" {
		t.Errorf("%+v", self)
	}
	if heads := s.HeadOf("self"); len(heads) != 1 || heads[0].Address != "10.0.0.1:7946" {
		t.Errorf("its peers are told %+v", heads)
	}
}
