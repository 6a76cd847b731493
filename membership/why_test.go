package membership

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestWhy follows a member through its life and that of its successor.
func TestWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member("a", users("10.0.0.1:80")), member("b", users("10.0.0.2:80"))
		s := storeOf(b)
		sawUp, saysDown := up(a), down(a)
		sawUp.Evidence, saysDown.Evidence = "it answered", "it was silent"
		for i, step := range []struct {
			changes  []Change
			standing Standing
			evidence string
			calls    int // available instances
		}{
			{[]Change{heard(a)}, StandingUnmet, "others say that it lives", 1},
			{[]Change{sawUp}, StandingPresent, "it answered", 2},
			{[]Change{Suspected{"a", a.Boot.ID, "no answer for 1s"}}, StandingSuspected, "no answer for 1s", 1},
			{[]Change{Suspected{"a", a.Boot.ID, "still none"}}, StandingSuspected, "no answer for 1s", 1},
			{[]Change{sawUp}, StandingPresent, "it answered", 2},
			{[]Change{sawUp}, StandingPresent, "it answered", 2},
			{[]Change{heard(next(a, Draining))}, StandingPresent, "it said that it drains", 1},
			{[]Change{saysDown}, StandingGone, "it was silent", 1},
			{[]Change{heard(restarted(a))}, StandingUnmet, "a newer boot of it was heard of", 1},
			{[]Change{up(restarted(a))}, StandingPresent, "", 2},
			{[]Change{Suspected{"a", a.Boot.ID, "an older boot"}}, StandingPresent, "", 2},
			{[]Change{heard(next(restarted(a), Left))}, StandingLeft, "it said goodbye", 1},
		} {
			time.Sleep(time.Second)
			before, _ := s.View().Why("a")
			s.Apply(step.changes...)
			why, known := s.View().Why("a")
			if !known || why.Standing != step.standing || why.Evidence != step.evidence {
				t.Errorf("step %d: %+v, want %q, %q", i, why, step.standing, step.evidence)
			}
			if same := before.Standing == why.Standing && before.Evidence == why.Evidence && before.Boot == why.Boot; same != why.Since.Equal(before.Since) {
				t.Errorf("step %d: since %v, before it was %+v", i, why.Since, before)
			}
			if got := len(s.View().Snapshot().Available("users")); got != step.calls {
				t.Errorf("step %d: %d instances are available, want %d", i, got, step.calls)
			}
		}
		if why, known := s.View().Why("nobody"); known {
			t.Errorf("of nobody it says %+v", why)
		}
	})
}

// TestSuspectedAreCalledLast holds the order in which instances are called.
func TestSuspectedAreCalledLast(t *testing.T) {
	a, b, c := member("a", users("10.0.0.1:80")), member("b", users("10.0.0.2:80")), member("c", users("10.0.0.3:80"))
	s := storeOf(a, b, c)
	suspected := func(r Record) Change { return Suspected{r.Name, r.Boot.ID, "no answer"} }
	for _, step := range []struct {
		change Change
		want   string // whose address is available; "" for all three
	}{
		{heard(next(a, Draining)), "10.0.0.2:80 10.0.0.3:80"},
		{suspected(b), "10.0.0.3:80"},
		{suspected(c), "10.0.0.2:80 10.0.0.3:80"},
		{heard(next(b, Draining)), "10.0.0.3:80"},
		{heard(next(c, Draining)), "10.0.0.1:80"},
	} {
		s.Apply(step.change)
		got := ""
		for i, address := range s.View().Snapshot().Addresses("users") {
			if i > 0 {
				got += " "
			}
			got += address
		}
		if got != step.want {
			t.Errorf("after %+v: %q, want %q", step.change, got, step.want)
		}
	}
}
