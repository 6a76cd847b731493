package membership

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func checkListed(t *testing.T, s *Store, want string, isolated bool) {
	t.Helper()
	if got := names(s); got != want {
		t.Errorf("listed are %q, want %q", got, want)
	}
	if err := s.View().Snapshot().Err(); errors.Is(err, ErrIsolated) != isolated {
		t.Errorf("Err() = %v, want isolated = %v", err, isolated)
	}
}

func TestAlone(t *testing.T) {
	checkListed(t, NewStore("self"), "", false)
	checkListed(t, storeOf(), "", false)
}

func TestCutOffKeepsWhatVanished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c, d := member("a"), member("b", users("b:1")), member("c", users("c:1")), member("d")
		s := storeOf(a, b, c, d)
		s.Apply(down(a))
		time.Sleep(time.Second)
		s.Apply(down(b))
		checkListed(t, s, "c d", false)

		time.Sleep(keepWhenCutOff) // a went just before what is kept, b just within
		s.Apply(heard(next(d, Left)), down(d))
		checkListed(t, s, "c", false)
		s.Apply(down(c))
		checkListed(t, s, "b c", true)
		if got, want := s.View().Snapshot().Addresses("users"), []string{"b:1", "c:1"}; !slices.Equal(got, want) {
			t.Errorf("Addresses(users) = %q, want %q", got, want)
		}

		time.Sleep(24 * time.Hour) // as long as it takes
		s.Apply()
		checkListed(t, s, "b c", true)
	})
}

func TestCutOffEndsWithTheFirstPeer(t *testing.T) {
	a, b, c := member("a"), member("b"), member("c")
	for name, tt := range map[string]struct {
		back             []Change
		atOnce, and, end string // listed with the first peer, once b is back too, and when patience with c ends
	}{
		"one of the kept":            {[]Change{up(a)}, "a b c", "a b c", "a b"},
		"one of the kept, restarted": {alive(restarted(a)), "a b c", "a b c", "a b"},
		"a new one":                  {alive(member("n")), "a b c n", "a b c n", "b n"},
		"one is proved to be dead":   {[]Change{up(a), Down{Name: c.Name, BootID: c.Boot.ID, Proof: true}}, "a b", "a b", "a b"},
		"one says goodbye":           {[]Change{up(a), heard(next(c, Left))}, "a b", "a b", "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := storeOf(a, b, c)
				s.Apply(down(a), down(b), down(c))
				checkListed(t, s, "a b c", true)
				s.Apply(tt.back...)
				checkListed(t, s, tt.atOnce, false)
				s.Apply(up(b), heard(b))
				time.Sleep(keepOnceHealed - 1)
				s.Apply()
				checkListed(t, s, tt.and, false)
				time.Sleep(time.Nanosecond)
				s.Apply()
				checkListed(t, s, tt.end, false)
			})
		})
	}
}

func TestCutOffTwice(t *testing.T) {
	a, b := member("a"), member("b")
	s := storeOf(a, b)
	s.Apply(down(a), down(b))
	s.Apply(up(a))
	s.Apply(heard(next(a, Left)), down(a)) // the only one that is back leaves in order
	s.Apply()
	checkListed(t, s, "b", true)
}

func TestProofIsNotIsolation(t *testing.T) {
	a := member("a")
	s := storeOf(a)
	s.Apply(Down{Name: a.Name, BootID: a.Boot.ID, Proof: true})
	checkListed(t, s, "", false)
}

// Whichever way the last peer goes, those that fell silent before it may live beyond a cut.
func TestTheLastPeerLeavesTheLost(t *testing.T) {
	a, b := member("a"), member("b")
	for name, end := range map[string][]Change{
		"it left":    {heard(next(a, Left)), down(a)},
		"it is dead": {Down{Name: a.Name, BootID: a.Boot.ID, Proof: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeOf(a, b)
			s.Apply(down(b))
			checkListed(t, s, "a", false)
			s.Apply(end...)
			checkListed(t, s, "b", true)
		})
	}
}

// The error alone is worth a snapshot, also when nothing else looks different.
func TestCutOffAgain(t *testing.T) {
	a := member("a")
	unaddressed := Up{Name: a.Name, BootID: a.Boot.ID}
	s := storeOf()
	s.Apply(heard(a), unaddressed)
	for range 3 {
		s.Apply(down(a))
		checkListed(t, s, "a", true)
		s.Apply(unaddressed)
		checkListed(t, s, "a", false)
	}
}

func TestOwnLifeIsNoCompany(t *testing.T) {
	a := member("a")
	s := storeOf(a)
	s.Apply(up(member("self")), down(a))
	checkListed(t, s, "a", true)
}

// What was merely heard of cannot be the last to have gone.
func TestHearsayIsNoGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := member("a")
		s := storeOf(a)
		time.Sleep(time.Second)
		s.Apply(heard(member("b")), down(a))
		checkListed(t, s, "a", true)
		time.Sleep(time.Second)
		s = storeOf(a)
		s.Apply(down(a))
		s.Apply(heard(member("b")))
		checkListed(t, s, "a", true)
	})
}

// One that has said goodbye and is still seen for a moment is no company either.
func TestWhoHasLeftIsNoPeer(t *testing.T) {
	a, b := member("a"), member("b")
	synctest.Test(t, func(t *testing.T) {
		s := storeOf(a, b)
		s.Apply(heard(next(b, Left)))
		time.Sleep(time.Second)
		s.Apply(down(a))
		checkListed(t, s, "a", true)
		time.Sleep(time.Second)
		s.Apply(down(b))
		checkListed(t, s, "a", true)
	})
}

// A peer that is seen and not heard has nothing to offer: what was last known stays.
func TestCutOffOutlastsAStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, n := member("a"), member("n")
		s := storeOf(a)
		s.Apply(down(a))
		s.Apply(up(n))
		time.Sleep(2 * keepOnceHealed)
		s.Apply()
		checkListed(t, s, "a", true)
		s.Apply(heard(n))
		checkListed(t, s, "a n", false)
		time.Sleep(keepOnceHealed)
		s.Apply()
		checkListed(t, s, "n", false)
	})
}

// Who hears nobody loses nobody: what falls silent is kept from the first on, and suspected is none of them.
func TestHearsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := member("a", users("a:1")), member("b", users("b:1")), member("c", users("c:1"))
		s := storeOf(a, b, c)
		s.Apply(Suspected{Name: a.Name, BootID: a.Boot.ID})
		available := func(want ...string) {
			t.Helper()
			if got := s.View().Snapshot().Addresses("users"); !slices.Equal(got, want) {
				t.Errorf("Addresses(users) = %q, want %q", got, want)
			}
		}
		available("b:1", "c:1")
		s.CutOff(true)
		checkListed(t, s, "a b c", true)
		available("a:1", "b:1", "c:1")
		s.Apply(down(b))
		checkListed(t, s, "a b c", true)
		available("a:1", "b:1", "c:1")
		s.Apply(Down{Name: c.Name, BootID: c.Boot.ID, Proof: true})
		checkListed(t, s, "a b", true)
		time.Sleep(24 * time.Hour)
		s.Apply()
		checkListed(t, s, "a b", true)

		s.CutOff(false)
		checkListed(t, s, "a b", false)
		time.Sleep(keepOnceHealed)
		s.Apply()
		checkListed(t, s, "a", false)
	})
}

func TestHearsNobodyThoughAllLive(t *testing.T) {
	s := storeOf(member("a"))
	for range 3 {
		s.CutOff(true)
		s.Apply()
		checkListed(t, s, "a", true)
		s.CutOff(false)
		checkListed(t, s, "a", false)
	}
}
