package membership

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// exchange has two stores tell each other what the other lacks, as two members do when their digests differ.
func exchange(from, to *Store, form byte) {
	heads := from.Heads()
	for _, h := range heads {
		if h.Name != to.self {
			to.Apply(Remembered{h})
		}
	}
	lacking := to.Lacking(heads, "", "", form)
	to.Apply(changes(from.Known(to.Lacks(heads, form)))...)
	for _, h := range lacking {
		if h.Name != from.self {
			from.Apply(Remembered{h})
		}
	}
	from.Apply(changes(to.Known(from.Lacks(lacking, form)))...)
}

// TestFault2_HeadsConverge has two members that heard different things of the same living others compare heads.
func TestFault2_HeadsConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gossip := rapid.SliceOf(anyHeard).Draw(t, "gossip")
		cut := rapid.IntRange(0, len(gossip)).Draw(t, "cut")
		one, other := NewStore("y"), NewStore("z")
		for i, half := range [][]Change{gossip[:cut], gossip[cut:]} {
			s := []*Store{one, other}[i]
			s.Apply(heard(member(s.self)), up(member("y")), up(member("z")))
			s.Apply(half...)
			for _, c := range gossip { // both see the same boots alive
				r := c.(Heard).Record
				s.Apply(up(r))
			}
		}
		exchange(one, other, WireVersion)
		for _, c := range gossip { // goodbyes that others tell of count from then on
			if r := c.(Heard).Record; r.State == Left {
				one.Apply(down(r))
				other.Apply(down(r))
			}
		}
		if one.Digest() != other.Digest() {
			t.Fatalf("digests differ after an exchange:\n%+v\n%+v", one.Heads(), other.Heads())
		}
		if n := len(one.Lacks(other.Heads(), WireVersion)) + len(other.Lacking(one.Heads(), "", "", WireVersion)); n > 0 {
			t.Fatalf("%d are still lacking:\n%+v\n%+v", n, one.Heads(), other.Heads())
		}
	})
}

func TestDigest(t *testing.T) {
	a, b := member("a", users("10.0.0.1:80")), member("b")
	s := storeOf(a, b)
	before := s.Digest()
	if again := storeOf(b, a); again.Digest() != before {
		t.Error("it depends on the order")
	}
	for name, change := range map[string][]Change{
		"a new version":  {heard(next(a, Active))},
		"a new boot":     alive(restarted(a)),
		"a goodbye":      {heard(next(a, Left))},
		"a death":        {down(a)},
		"another member": alive(member("c")),
	} {
		other := storeOf(a, b)
		if other.Apply(change...); other.Digest() == before {
			t.Errorf("%s makes no difference", name)
		}
	}
	for name, change := range map[string][]Change{
		"a record heard again":    {heard(a)},
		"a member that is gone":   {Heard{Record: member("c"), Gone: time.Minute}},
		"one of whom it is told":  {Remembered{Head{Name: "c", Boot: boot(1), Gone: time.Minute}}},
		"a death and a return":    {down(a), up(a)},
		"an older boot, far away": {up(member("b")), heard(member("b"))},
	} {
		other := storeOf(a, b)
		if other.Apply(change...); other.Digest() != before {
			t.Errorf("%s makes a difference", name)
		}
	}
}

// TestOnlyTheRangeIsCompared holds that what a peer did not tell of it does not lack.
func TestOnlyTheRangeIsCompared(t *testing.T) {
	s := storeOf(member("a"), member("b"), member("c"))
	for _, tt := range []struct {
		first, last string
		want        []string
	}{{"", "", []string{"a", "b", "c", "self"}}, {"b", "c", []string{"b", "c"}}, {"d", "", []string{"self"}}, {"b", "bb", []string{"b"}}} {
		var got []string
		for _, h := range s.Lacking(nil, tt.first, tt.last, WireVersion) {
			got = append(got, h.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("from %q to %q: %v, want %v", tt.first, tt.last, got, tt.want)
		}
	}
}

// TestRemembered holds what the head of a member that is gone does: it ranks later boots, and it is a goodbye, once the boot
// that lives here is lost.
func TestRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := member("a", users("10.0.0.1:80"))
		gone := func(r Record, age time.Duration) Remembered {
			return Remembered{Head{Name: r.Name, Boot: r.Boot, Version: r.Version, State: r.State, Gone: age}}
		}
		for name, tt := range map[string]struct {
			changes []Change
			listed  bool
			known   bool // its services
		}{
			"a goodbye":                         {[]Change{gone(next(a, Left), time.Second)}, true, true},
			"a goodbye, and it is lost":         {[]Change{gone(next(a, Left), time.Second), down(a)}, false, false},
			"it is lost, and a goodbye":         {[]Change{down(a), gone(next(a, Left), time.Second)}, false, false},
			"a later boot that is gone as well": {[]Change{gone(restarted(a), time.Second)}, true, true},
			"the same, and it is proven dead":   {[]Change{gone(restarted(a), time.Second), proof(a)}, false, false},
			"a death":                           {[]Change{gone(next(a, Active), time.Second)}, true, true},
			"an earlier boot":                   {[]Change{gone(Record{Name: "a", Boot: boot(0)}, time.Second)}, true, true},
			"a goodbye of long ago":             {[]Change{gone(next(a, Left), forgetAfter+time.Second)}, true, true},
			"one that lives":                    {[]Change{gone(next(a, Left), 0)}, true, true},
		} {
			s := storeOf(a, member("witness"))
			s.Apply(tt.changes...)
			_, listed := s.View().Snapshot().Member("a")
			r, _ := s.Record("a")
			if listed != tt.listed || len(r.Services) > 0 != tt.known {
				t.Errorf("%s: listed %v, its record is %+v", name, listed, r)
			}
		}
	})
}

// TestTheRecordFollowsTheHead has a member come back of which only the head was known.
func TestTheRecordFollowsTheHead(t *testing.T) {
	a := member("a", users("10.0.0.1:80"))
	s := storeOf(member("b"))
	s.Apply(Remembered{Head{Name: "a", Boot: a.Boot, Version: a.Version, Form: WireVersion, Gone: time.Second}}, up(a))
	if _, listed := s.View().Snapshot().Member("a"); listed || len(s.Known([]string{"a"})) > 0 {
		t.Error("it is listed, or passed on, without its record")
	}
	if got := s.Lacks([]Head{{Name: "a", Boot: a.Boot, Version: a.Version, Form: WireVersion}}, WireVersion); !slices.Equal(got, []string{"a"}) {
		t.Errorf("lacks %v of a peer that has it", got)
	}
	s.Apply(heard(a))
	if got := s.View().Snapshot().Addresses("users"); !slices.Equal(got, []string{"10.0.0.1:80"}) {
		t.Errorf("users are at %v", got)
	}
}
