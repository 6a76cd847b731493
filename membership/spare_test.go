package membership

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// fleet is n members that offer users, at addresses of their own, and a witness that does not.
func fleet(n int) (s *Store, all []Record) {
	for i := range n {
		all = append(all, member(fmt.Sprintf("m%d", i), users(fmt.Sprintf("10.0.0.%d:80", i))))
	}
	return storeOf(append(all, member("witness"))...), all
}

func proof(r Record) Down { return Down{Name: r.Name, BootID: r.Boot.ID, Proof: true} }

func checkUsers(t *testing.T, s *Store, all, available int) {
	t.Helper()
	snapshot := s.View().Snapshot()
	if a, b := len(snapshot.Instances("users")), len(snapshot.Available("users")); a != all || b != available {
		t.Errorf("%d instances, %d of them available, want %d and %d", a, b, all, available)
	}
}

func TestFault25_MostFallSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, all := fleet(5)
		s.Apply(down(all[0]))
		time.Sleep(time.Second)
		s.Apply(down(all[1]))
		checkUsers(t, s, 3, 3) // so far it may be what it looks like
		time.Sleep(time.Second)
		s.Apply(down(all[2]))
		checkUsers(t, s, 5, 2) // all are back on the list, and the two that answer are called
		s.Apply(down(all[3]), down(all[4]))
		checkUsers(t, s, 5, 5)
		if why, _ := s.View().Why("m4"); why.Standing != StandingKept {
			t.Errorf("m4 is %+v", why)
		}
		time.Sleep(30 * time.Minute)
		s.Apply()
		checkUsers(t, s, 5, 5)

		s.Apply(proof(all[0]), heard(next(all[1], Left)))
		checkUsers(t, s, 3, 3) // one by one, on evidence
		s.Apply(up(all[2]))
		checkUsers(t, s, 3, 1)
		s.Apply(up(all[3]))
		checkUsers(t, s, 2, 2) // most are there again: who is missing now is gone
	})
}

func TestFault25_NoMass(t *testing.T) {
	for name, losses := range map[string][]func(*Store, Record){
		"one of two": {func(s *Store, r Record) { s.Apply(down(r)) }},
		"on proof":   slices.Repeat([]func(*Store, Record){func(s *Store, r Record) { s.Apply(proof(r)) }}, 2),
		"with a goodbye": slices.Repeat([]func(*Store, Record){func(s *Store, r Record) {
			s.Apply(heard(next(r, Left)), down(r))
		}}, 2),
		"one after another": slices.Repeat([]func(*Store, Record){func(s *Store, r Record) {
			s.Apply(down(r))
			time.Sleep(sparedWindow + time.Second)
		}}, 2),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, all := fleet(2)
				for i, lose := range losses {
					lose(s, all[i])
				}
				checkUsers(t, s, 2-len(losses), 2-len(losses))
			})
		})
	}
}

func TestFault25_ForgottenInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, all := fleet(3)
		for _, r := range all {
			s.Apply(down(r))
		}
		checkUsers(t, s, 3, 3)
		time.Sleep(forgetAfter + time.Minute)
		s.Apply()
		checkUsers(t, s, 0, 0)
		if len(s.entries) != 2 {
			t.Errorf("%d are remembered", len(s.entries))
		}
	})
}
