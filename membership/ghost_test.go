package membership

import (
	"testing"

	"pgregory.net/rapid"
)

// history is all that a peer said over several boots, its last word included.
type history struct {
	said   []Record
	ending string
}

var anyHistory = rapid.Custom(func(t *rapid.T) history {
	r := member("a", users("a:1"))
	h := history{said: []Record{r}}
	for _, what := range rapid.SliceOf(rapid.SampledFrom([]string{"changed", "drained", "restarted"})).Draw(t, "life") {
		switch what {
		case "changed":
			r = next(r, Active)
		case "drained":
			r = next(r, Draining)
		case "restarted":
			r = restarted(r)
		}
		h.said = append(h.said, r)
	}
	h.ending = rapid.SampledFrom([]string{"lives", "dies", "leaves"}).Draw(t, "ending")
	if h.ending == "leaves" {
		h.said = append(h.said, next(r, Left))
	}
	return h
})

func (h history) last() Record { return h.said[len(h.said)-1] }

// play tells s everything as it happened.
func (h history) play(s *Store) {
	for i, r := range h.said {
		if i > 0 && h.said[i-1].Boot != r.Boot {
			s.Apply(down(h.said[i-1]))
		}
		s.Apply(heard(r), up(r))
	}
	if h.ending != "lives" {
		s.Apply(down(h.last()))
	}
}

func TestFault27_OldRecordsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := anyHistory.Draw(t, "history")
		s := storeOf(member("witness")) // somebody is left, so that nothing is kept for want of peers
		h.play(s)
		before := s.View().Snapshot()
		if _, listed := before.Member("a"); listed != (h.ending == "lives") {
			t.Fatalf("listed = %v after a history that ends with %q", listed, h.ending)
		}
		for _, r := range rapid.SliceOf(rapid.SampledFrom(h.said)).Draw(t, "replayed") {
			s.Apply(heard(r))
			if r.Boot != h.last().Boot {
				s.Apply(up(r)) // not even the old process itself, back from a pause, supersedes the new one
			}
		}
		if after := s.View().Snapshot(); after != before {
			t.Fatalf("before\n%s\nafter\n%s", picture(before), picture(after))
		}
	})
}

// A record of the dead boot that was still under way when it died does not bring it back either.
func TestFault27_LateRecordOfADeadBoot(t *testing.T) {
	a := member("a", users("a:1"))
	s := storeOf(member("witness"), a)
	s.Apply(down(a), heard(next(a, Active)))
	if got := s.View().Snapshot().Addresses("users"); len(got) > 0 {
		t.Errorf("Addresses(users) = %q after its member died", got)
	}
}
