package membership

import (
	"testing"
	"testing/synctest"
	"time"
)

func remembers(s *Store, name string) bool {
	_, ok := s.Record(name)
	return ok
}

func TestTheGoneAreForgottenAfterAnHour(t *testing.T) {
	a := member("a", users("a:1"))
	for name, end := range map[string][]Change{
		"died":         {down(a)},
		"left":         {heard(next(a, Left)), down(a)},
		"never seen":   nil,
		"seen earlier": {up(a), down(a)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := storeOf(member("witness"))
				s.Apply(heard(a))
				s.Apply(end...)
				time.Sleep(forgetAfter)
				s.Apply()
				if !remembers(s, "a") {
					t.Error("forgotten within the hour")
				}
				time.Sleep(time.Nanosecond)
				s.Apply()
				if remembers(s, "a") {
					t.Error("remembered after the hour")
				}
			})
		})
	}
}

func TestTheLivingAreNeverForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storeOf(member("a"))
		time.Sleep(365 * 24 * time.Hour)
		s.Apply()
		if !remembers(s, "a") || !remembers(s, "self") {
			t.Errorf("remembers %+v", records(s))
		}
		s.Apply(down(member("a"))) // and kept, while cut off, for as long as that takes
		time.Sleep(365 * 24 * time.Hour)
		s.Apply()
		checkListed(t, s, "a", true)
		if !remembers(s, "a") {
			t.Error("a is listed, but forgotten")
		}
	})
}

// The hour counts from the end of the boot, whatever is heard of it afterwards; a newer boot has an hour of its own.
func TestWhatBeginsTheHour(t *testing.T) {
	a := member("a")
	for name, tt := range map[string]struct {
		later Change
		want  bool // remembered an hour after a died
	}{
		"nothing else":     {later: Down{Name: "other"}},
		"the same again":   {later: heard(a)},
		"a late record":    {later: heard(next(a, Draining))},
		"its end again":    {later: down(a)},
		"a restart":        {later: heard(restarted(a)), want: true},
		"an older restart": {later: Heard{Record: restarted(a), Gone: 2 * forgetAfter}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := storeOf(member("witness"), a)
				s.Apply(down(a))
				time.Sleep(forgetAfter / 2)
				s.Apply(tt.later)
				time.Sleep(forgetAfter/2 + 1)
				s.Apply()
				if got := remembers(s, "a"); got != tt.want {
					t.Errorf("remembered = %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// One that is back after a pause is whole at once: what it offered was remembered.
func TestBackWithinTheHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := member("a", users("a:1"))
		s := storeOf(member("witness"), a)
		s.Apply(down(a))
		time.Sleep(forgetAfter)
		s.Apply(up(a))
		time.Sleep(2 * forgetAfter)
		s.Apply()
		if got := s.View().Snapshot().Addresses("users"); len(got) != 1 {
			t.Errorf("Addresses(users) = %q", got)
		}
	})
}
