package membership

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRecordsTellAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := member("a"), member("b"), member("c")
		s := storeOf(a, b)
		s.Apply(down(a), Heard{Record: c, Gone: 10 * time.Minute})
		time.Sleep(time.Minute)
		want := map[string]time.Duration{"self": 0, "a": time.Minute, "b": 0, "c": 11 * time.Minute}
		for _, known := range records(s) {
			if got := known.Gone; got != want[known.Record.Name] {
				t.Errorf("%s is gone for %v, want %v", known.Record.Name, got, want[known.Record.Name])
			}
			delete(want, known.Record.Name)
		}
		if len(want) > 0 {
			t.Errorf("Records lacks %v", want)
		}
	})
}

// Two who remind each other of a dead member do not keep its memory alive for ever.
func TestNoTombstoneIsImmortal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := member("a")
		one, other := storeOf(member("other"), a), NewStore("other")
		one.Apply(down(a))
		died := time.Now()
		for remembers(one, "a") || remembers(other, "a") {
			if time.Since(died) > forgetAfter+time.Minute {
				t.Fatal("remembered for more than an hour")
			}
			one.Apply(changes(records(other))...)
			other.Apply(changes(records(one))...)
			time.Sleep(time.Minute)
		}
		if time.Since(died) < forgetAfter {
			t.Errorf("forgotten after %v", time.Since(died))
		}
	})
}
