package membership

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// said is what others say of a.
func said(r Record) Hearsay { return Hearsay{Record: r} }

// moved is r with its service elsewhere, in a later version.
func moved(r Record) Record {
	r = next(r, r.State)
	r.Services = []Service{users("mallory:1")}
	return r
}

// TestFault47_Beliefs holds whose word counts: after changes, a's service is where they say.
func TestFault47_Beliefs(t *testing.T) {
	a := member("a", users("a:1"))
	restart, drive := restarted(a), moved(a)
	restart.Services = []Service{users("b:1")}
	drive.Boot.Number += mostStep
	asked, answered := Asked{"a", a.Boot.ID}, Answered{"a", a.Boot.ID}
	relayed := Hearsay{Record: moved(a), Relayed: true}
	forged := a
	forged.Services = []Service{users("mallory:1")}
	for name, tt := range map[string]struct {
		changes []Change
		later   []Change // answerWithin later
		want    string
	}{
		"others, of one that lives":       {[]Change{said(moved(a))}, nil, "a:1"},
		"and it is asked":                 {[]Change{said(moved(a)), asked}, nil, "a:1"},
		"and does not answer":             {[]Change{said(moved(a)), asked}, []Change{}, "mallory:1"},
		"and answers late":                {[]Change{said(moved(a)), asked}, []Change{heard(a), answered}, "a:1"},
		"and answers":                     {[]Change{said(moved(a)), asked, heard(a), answered}, []Change{}, "a:1"},
		"and says something, repeated":    {[]Change{said(moved(a)), asked, heard(a)}, []Change{said(moved(a))}, "a:1"},
		"and confirms":                    {[]Change{said(moved(a)), asked, heard(moved(a)), answered}, nil, "mallory:1"},
		"a goodbye, unanswered":           {[]Change{said(next(a, Left)), asked}, []Change{}, "a:1"},
		"a goodbye, and it is lost":       {[]Change{said(next(a, Left)), down(a)}, nil, ""},
		"a goodbye of its own":            {[]Change{heard(next(a, Left))}, nil, ""},
		"a goodbye, lost, and it is back": {[]Change{said(next(a, Left)), down(a), up(a)}, nil, "a:1"},
		"a newer boot, unseen":            {[]Change{said(restart), asked}, []Change{}, "a:1"},
		"a newer boot, seen":              {[]Change{said(restart), up(restart), heard(restart)}, nil, "b:1"},
		"a newer boot of its own":         {[]Change{heard(restart), up(restart)}, nil, "b:1"},
		"a newer boot, and proof":         {[]Change{said(restart), proof(a)}, nil, ""},
		"more than a step":                {[]Change{said(moved(drive)), asked}, []Change{}, "mallory:1"}, // exactly a step
		"a relay":                         {[]Change{relayed}, nil, "mallory:1"},
		"a relay, contradicted":           {[]Change{relayed, heard(moved(a)), relayed}, nil, "mallory:1"},
		"a relay, denied":                 {[]Change{relayed, heard(a), answered}, nil, "a:1"},
		"a relay, again":                  {[]Change{relayed, heard(a), answered, relayed}, nil, "a:1"},
		"a relay, before its owner":       {[]Change{relayed, heard(next(a, Active))}, nil, "a:1"},
		"a relay, of the same version":    {[]Change{Hearsay{Record: forged, Relayed: true}}, nil, "a:1"},
		"a relay, and then a goodbye":     {[]Change{relayed, said(next(moved(a), Left))}, nil, "mallory:1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := storeOf(a, member("witness"))
				s.Apply(tt.changes...)
				if tt.later != nil {
					time.Sleep(answerWithin)
					s.Apply(tt.later...)
				}
				var want []string
				if tt.want != "" {
					want = []string{tt.want}
				}
				if got := s.View().Snapshot().Addresses("users"); !slices.Equal(got, want) {
					t.Errorf("users are at %v, want %v", got, want)
				}
			})
		})
	}
}

// TestFault47_NewsWhileUnanswered has the owner of a record change it more often than a question waits for an answer, and
// only others hear of that, as beyond a cut of one link. What others say counts once a question stays unanswered.
func TestFault47_NewsWhileUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := member("a", users("a:1"))
		s := storeOf(a, member("witness"))
		told := moved(a)
		s.Apply(said(told), Asked{"a", a.Boot.ID})
		for range 3 {
			time.Sleep(answerWithin / 2)
			told = moved(told)
			s.Apply(said(told))
		}
		if got, _ := s.Record("a"); got.Version != told.Version {
			t.Errorf("version %d counts, others tell of %d", got.Version, told.Version)
		}
		s.Apply(heard(a), Answered{"a", a.Boot.ID}, said(moved(told)))
		if got, _ := s.Record("a"); got.Version != a.Version {
			t.Errorf("version %d counts, the owner said %d", got.Version, a.Version)
		}
	})
}

// TestFault47_OthersKnowLess has others not know what a relay told: the owner is asked, once.
func TestFault47_OthersKnowLess(t *testing.T) {
	a := member("a", users("a:1"))
	s := storeOf(a, member("witness"))
	older := Remembered{Head{Name: "a", Boot: a.Boot, Version: a.Version, Form: WireVersion}}
	s.Apply(older, Hearsay{Record: moved(a), Relayed: true})
	if open := s.Questions(); len(open) > 0 {
		t.Errorf("%v are asked although nobody knows less", open)
	}
	s.Apply(older)
	if open := s.Questions(); len(open) != 1 || open[0].Name != "a" || open[0].Ends {
		t.Errorf("%v are asked", open)
	}
	s.Apply(heard(a), Answered{"a", a.Boot.ID})
	if open := s.Questions(); len(open) > 0 {
		t.Errorf("%v are asked although the owner has answered", open)
	}
	if got := s.View().Snapshot().Addresses("users"); !slices.Equal(got, []string{"a:1"}) {
		t.Errorf("users are at %v", got)
	}
	s.Apply(Hearsay{Record: moved(moved(a)), Relayed: true})
	if got, _ := s.Record("a"); got.Version != a.Version {
		t.Error("a relay is believed again at once")
	}
}

// TestFault47_BoundedSteps has others tell of numbers beyond all that is known.
func TestFault47_BoundedSteps(t *testing.T) {
	a := member("a", users("a:1"))
	for name, edit := range map[string]func(r *Record){
		"version": func(r *Record) { r.Version += mostStep + 1 },
		"number":  func(r *Record) { r.Boot.Number += mostStep + 1 },
		"another": func(r *Record) { r.Boot = Boot{a.Boot.Number + mostStep + 1, 7} },
	} {
		r := a
		edit(&r)
		s := storeOf(a)
		s.Apply(said(r), down(a), Remembered{Head{Name: "a", Boot: r.Boot, Version: r.Version, State: Left, Gone: time.Second}})
		if got, _ := s.Record("a"); got.Boot != a.Boot || got.Version != a.Version {
			t.Errorf("%s: %v, version %d is believed", name, got.Boot, got.Version)
		}
	}
}

// TestFault47_DrivenUp has a boot start anew after a liar has driven up the number of the last one, beyond its reach.
func TestFault47_DrivenUp(t *testing.T) {
	a := member("a", users("a:1"))
	last := a
	last.Boot = Boot{NumberLimit - 1, ^uint64(0)}
	s := storeOf(last)
	s.Apply(heard(a), up(a), heard(a))
	if got, _ := s.View().Snapshot().Member("a"); got.Boot != last.Boot {
		t.Errorf("%v is listed while the last boot lives", got.Boot)
	}
	s.Apply(down(last), heard(a))
	if got, _ := s.View().Snapshot().Member("a"); got.Boot != a.Boot {
		t.Errorf("%v is listed", got.Boot)
	}
}

// TestFault47_OwnersImpostor has somebody who can say that it is the owner, as the holder of a cluster's secret can, say the
// last version and number there are: the owner is believed again.
func TestFault47_OwnersImpostor(t *testing.T) {
	a := member("a", users("a:1"))
	for name, edit := range map[string]func(r *Record){
		"version": func(r *Record) { r.Version = NumberLimit - 1 },
		"number":  func(r *Record) { r.Boot.Number = NumberLimit - 1 },
	} {
		forged := a
		forged.Services = []Service{users("mallory:1")}
		edit(&forged)
		s := storeOf(a)
		s.Apply(heard(forged))
		s.Apply(heard(a))
		if got := s.View().Snapshot().Addresses("users"); !slices.Equal(got, []string{"a:1"}) {
			t.Errorf("%s: users are at %v", name, got)
		}
	}
}

// TestFault2_BeliefsDoNotDependOnOrder has what the owners say and what others say arrive in any order.
func TestFault2_BeliefsDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var gossip []Change
		for _, name := range []string{"a", "b"} {
			own := rapid.SliceOfN(rapid.Uint64Range(1, 5), 1, 4).Draw(t, "own versions")
			for _, version := range own {
				gossip = append(gossip, heard(told(name, life(1, 0), version)))
			}
			for _, version := range rapid.SliceOfN(rapid.Uint64Range(1, 9), 0, 4).Draw(t, "others' versions") {
				gossip = append(gossip, said(told(name, life(1, 0), version)))
			}
			gossip = append(gossip, up(Record{Name: name, Boot: life(1, 0)}))
		}
		one, other := NewStore("self"), NewStore("self")
		one.Apply(gossip...)
		for _, change := range rapid.Permutation(gossip).Draw(t, "reordered") {
			other.Apply(change)
		}
		if got, want := picture(other.View().Snapshot()), picture(one.View().Snapshot()); got != want {
			t.Fatalf("reordered\n%s\nin order\n%s", got, want)
		}
	})
}

// TestFault53_RecordsOfNobody has others, and owners, tell of many names that are never seen alive: little is kept, and the
// departed are not forgotten for it. One of them that comes up after all is asked for its record.
func TestFault53_RecordsOfNobody(t *testing.T) {
	large := member("large")
	for i := range 1200 {
		large.Services = append(large.Services, Service{Name: fmt.Sprintf("s%d", i), Address: "a:1", Tags: []string{"t", "u"}, Weight: 1})
	}
	big := func(name string) Record {
		r := large
		r.Name = name
		return r
	}
	for how, tell := range map[string]func(r Record) Change{
		"others":          func(r Record) Change { return Hearsay{Record: r} },
		"others, gone":    func(r Record) Change { return Hearsay{Record: r, Gone: time.Second} },
		"others, relayed": func(r Record) Change { return Hearsay{Record: r, Relayed: true} },
		"heads":           func(r Record) Change { return Remembered{Head{Name: r.Name, Boot: r.Boot, Gone: time.Second}} },
		"living heads":    func(r Record) Change { return Remembered{Head{Name: r.Name, Boot: r.Boot}} },
		"owners":          func(r Record) Change { return heard(r) },
	} {
		t.Run(how, func(t *testing.T) {
			lost := member("lost", users("lost:1"))
			s := storeOf(lost, member("witness"))
			s.Apply(down(lost))
			for i := range 1500 {
				s.Apply(tell(big(fmt.Sprintf("f%04d", i))))
			}
			bytes, whole := 0, 0
			for _, e := range s.entries {
				if bytes += e.record.footprint(); e.whole() {
					whole++
				}
			}
			if len(s.entries) > mostGone+3 || bytes > mostWhole+1<<20 || how != "owners" && whole > 3 {
				t.Errorf("%d names are kept, %d bytes of records, %d whole", len(s.entries), bytes, whole)
			}
			if r, known := s.Record("lost"); !known || len(r.Services) == 0 {
				t.Error("one that was lost is forgotten")
			}
			newcomer := big("f0001")
			s.Apply(tell(newcomer), up(newcomer))
			if open := s.Questions(); how != "owners" && !slices.Contains(open, Question{Name: "f0001", BootID: newcomer.Boot.ID, Unheard: true}) {
				t.Errorf("it is to be asked: %v", open)
			}
			s.Apply(heard(newcomer))
			if _, listed := s.View().Snapshot().Member("f0001"); !listed || len(s.Questions()) > 0 {
				t.Errorf("listed: %v, still to be asked: %v", listed, s.Questions())
			}
		})
	}
}

// TestFault53_DepartedAreBounded has large members leave: their records are dropped, the first first, and their heads stay.
func TestFault53_DepartedAreBounded(t *testing.T) {
	s := storeOf(member("witness"))
	for i := range 300 {
		r := member(fmt.Sprintf("f%03d", i), users("a:1"))
		r.Metadata = map[string]string{"k": fmt.Sprintf("%060000d", i)}
		s.Apply(heard(r), up(r))
		s.Apply(proof(r))
	}
	first, _ := s.Record("f000")
	last, _ := s.Record("f299")
	if first.Whole() || !last.Whole() || s.past[departed].bytes > mostWhole || s.past[departed].count != 300 {
		t.Errorf("the first is whole: %v, the last: %v; kept are %+v", first.Whole(), last.Whole(), s.past[departed])
	}
}

// TestFault47_NumbersAreRefused holds the bound of every decoder of this package.
func TestFault47_NumbersAreRefused(t *testing.T) {
	for _, number := range []uint64{NumberLimit, 1<<63 - 1, 1 << 63, ^uint64(0)} {
		for _, r := range []Record{{Name: "a", Boot: Boot{Number: number}}, {Name: "a", Version: number}} {
			encoded, err := r.Encode(nil, WireVersion)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := DecodeRecord(encoded); err == nil {
				t.Errorf("a record with %d is read", number)
			}
			if _, _, err := CutHead(Head{Name: "a", Boot: r.Boot, Version: r.Version}.Append(nil)); err == nil {
				t.Errorf("a head with %d is read", number)
			}
		}
	}
}
