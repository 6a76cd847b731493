package membership

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A boot's ID falls where its number rises, and two boots may share a number, so that confusing the two shows.
var (
	anyLife = rapid.Custom(func(t *rapid.T) Boot {
		return life(rapid.Uint64Range(1, 3).Draw(t, "boot"), rapid.Uint64Range(0, 1).Draw(t, "rival"))
	})
	anyPeer  = rapid.SampledFrom([]string{"a", "b", "c"})
	anyHeard = rapid.Custom(func(t *rapid.T) Change {
		r := told(anyPeer.Draw(t, "name"), anyLife.Draw(t, "boot"), rapid.Uint64Range(1, 5).Draw(t, "version"))
		return heard(inForm(r, anyVersion.Draw(t, "wire version")))
	})
	anyUp = rapid.Custom(func(t *rapid.T) Change {
		return up(Record{Name: anyPeer.Draw(t, "name"), Boot: anyLife.Draw(t, "boot")})
	})
	anyDown = rapid.Custom(func(t *rapid.T) Change {
		return down(Record{Name: anyPeer.Draw(t, "name"), Boot: anyLife.Draw(t, "boot")})
	})
	anyGossip = rapid.SliceOfN(rapid.OneOf(anyHeard, anyUp), 1, 30)
)

func life(number, rival uint64) Boot { return Boot{Number: number, ID: 1000 - 10*number + rival} }

// told is what the owner of a boot says in a version: always the same, and something else in the next. In the oldest
// form a part of it is missing, see inForm.
func told(name string, b Boot, version uint64) Record {
	state := []State{Active, Draining, Active, Left}[(b.Number+version)%4]
	services := []Service{
		users(fmt.Sprintf("host-%d:80", version%2)),
		{Name: fmt.Sprintf("extra-%d", version), Address: "a:1"},
	}
	return Record{Name: name, Boot: b, Version: version, State: state, Services: services[:version%3],
		Started: fromMillis(b.ID), later: []field{{100 + version, name}}}
}

// reference lists the members that are listed once all of gossip is known, by looking at all of it.
func reference(gossip []Change) []Record {
	newest := make(map[string]Record)
	living := make(map[string]bool)
	for _, change := range gossip {
		switch c := change.(type) {
		case Heard:
			old, known := newest[c.Record.Name]
			if r := c.Record; !known || slices.Compare(rank(r), rank(old)) > 0 {
				newest[r.Name] = r
			}
		case Up:
			living[fmt.Sprint(c.Name, c.BootID)] = true
		}
	}
	var listed []Record
	for _, name := range []string{"a", "b", "c"} {
		if r, ok := newest[name]; ok && r.State != Left && living[fmt.Sprint(name, r.Boot.ID)] {
			listed = append(listed, r)
		}
	}
	return listed
}

func rank(r Record) []uint64 { return []uint64{r.Boot.Number, r.Boot.ID, r.Version, uint64(r.form())} }

func TestStoreAgreesWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gossip := anyGossip.Draw(t, "gossip")
		s, want := NewStore("self"), NewStore("self")
		s.Apply(gossip...)
		want.Apply(alive(reference(gossip)...)...)
		if got, want := picture(s.View().Snapshot()), picture(want.View().Snapshot()); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestFault2_OrderAndRepetitionMakeNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gossip := anyGossip.Draw(t, "gossip")
		one, other := NewStore("self"), NewStore("self")
		one.Apply(gossip...)
		again := rapid.SliceOf(rapid.SampledFrom(gossip)).Draw(t, "again")
		rest := rapid.Permutation(slices.Concat(gossip, again)).Draw(t, "reordered")
		for len(rest) > 0 {
			n := rapid.IntRange(1, len(rest)).Draw(t, "together")
			other.Apply(rest[:n]...)
			rest = rest[n:]
		}
		if got, want := picture(other.View().Snapshot()), picture(one.View().Snapshot()); got != want {
			t.Fatalf("reordered\n%s\nin order\n%s", got, want)
		}
	})
}

// Two who heard different things and tell each other all they know end up with the same records, whoever tells first.
func TestFault2_ExchangeConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gossip := rapid.SliceOf(anyHeard).Draw(t, "gossip")
		cut := rapid.IntRange(0, len(gossip)).Draw(t, "cut")
		all, one, other := NewStore("x"), NewStore("y"), NewStore("z")
		all.Apply(gossip...)
		one.Apply(gossip[:cut]...)
		other.Apply(gossip[cut:]...)
		other.Apply(changes(records(one))...)
		one.Apply(changes(records(other))...)
		for _, name := range []string{"a", "b", "c"} {
			want, _ := all.Record(name)
			for _, s := range []*Store{one, other} {
				if got, _ := s.Record(name); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
					t.Fatalf("%s: got %+v, want %+v", name, got, want)
				}
			}
		}
	})
}
