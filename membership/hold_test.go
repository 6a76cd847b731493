package membership

import (
	"testing"
	"testing/synctest"
	"time"
)

// flap loses a member and has it back again and again, and gives how often it was listed anew.
func flap(t *testing.T, s *Store, r Record, times int, every time.Duration) (returns int) {
	t.Helper()
	for range times {
		s.Apply(down(r))
		time.Sleep(every / 2)
		s.Apply(up(r))
		if _, listed := s.View().Snapshot().Member(r.Name); listed {
			returns++
		}
		time.Sleep(every / 2)
		s.Apply()
	}
	return returns
}

func TestFault29_Held(t *testing.T) {
	offers := func(name string) Record { return member(name, users("10.0.0.1:80")) }
	alone := member("d", Service{Name: "pricing", Address: "10.0.0.2:80", Weight: 1})
	for name, tt := range map[string]struct {
		members []Record // the first flaps
		every   time.Duration
		goodbye bool
		held    bool
	}{
		"lost often":               {[]Record{offers("d"), offers("a"), offers("b")}, 30 * time.Second, false, true},
		"lost now and then":        {[]Record{offers("d"), offers("a"), offers("b")}, 5 * time.Minute, false, false},
		"the only one that offers": {[]Record{alone, offers("a"), offers("b")}, 30 * time.Second, false, false},
		"half of the cluster":      {[]Record{offers("d"), offers("a")}, 30 * time.Second, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := storeOf(tt.members...)
				d := tt.members[0]
				returns := flap(t, s, d, 20, tt.every)
				if held := returns < 20; held != tt.held || returns < 2 || held && returns > 3 {
					t.Errorf("it was listed at %d of 20 returns, held back: want %v", returns, tt.held)
				}
				time.Sleep(holdFor)
				s.Apply()
				if _, listed := s.View().Snapshot().Member("d"); !listed {
					t.Error("it is not listed although it stays")
				}
			})
		})
	}
}

// TestFault29_GoodbyesAreNoLosses restarts a member in order, as often as one likes.
func TestFault29_GoodbyesAreNoLosses(t *testing.T) {
	r := member("d")
	s := storeOf(r, member("a"), member("b"), member("c"))
	for range 20 {
		s.Apply(heard(next(r, Left)), down(r))
		r = restarted(r)
		s.Apply(alive(r)...)
		if _, listed := s.View().Snapshot().Member("d"); !listed {
			t.Fatal("it is held back")
		}
	}
}

// TestFault29_NobodyIsHeldOnceNeeded has the other instance of a service die while one is held back.
func TestFault29_NobodyIsHeldOnceNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, d := member("a", users("10.0.0.1:80")), member("d", users("10.0.0.2:80"))
		s := storeOf(a, d, member("b"), member("c"))
		flap(t, s, d, 5, 30*time.Second)
		s.Apply(down(d), up(d))
		if _, listed := s.View().Snapshot().Member("d"); listed {
			t.Fatal("it is not held back")
		}
		s.Apply(down(a))
		if got := s.View().Snapshot().Addresses("users"); len(got) != 1 || got[0] != "10.0.0.2:80" {
			t.Errorf("users are at %v", got)
		}
	})
}

func TestFault28_HoldsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := member("d")
		s := storeOf(d, member("a"), member("b"), member("c"))
		flap(t, s, d, 5, 30*time.Second)
		s.Apply(down(d), up(d))
		if len(s.held) != 1 {
			t.Fatalf("%d are held", len(s.held))
		}
		s.Apply(down(d))
		time.Sleep(2 * forgetAfter)
		if s.Apply(); len(s.held) > 0 || s.entries["d"] != nil {
			t.Errorf("%d are held", len(s.held))
		}
	})
}
