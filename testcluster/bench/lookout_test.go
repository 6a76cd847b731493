package main

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestLookout has three of four members learn something, one of them twice, at known times.
func TestLookout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lookout
		yes := func(news) bool { return true }
		l.of("a")(yes) // nothing is awaited
		s := l.expect(news{member: "x", service: "users"}, []string{"a", "b", "c", "d"})
		l.of("x")(yes) // whom it is about
		l.of("a")(yes)
		l.of("b")(func(news) bool { return false })
		time.Sleep(time.Second)
		l.of("a")(yes)
		l.of("b")(yes)
		time.Sleep(time.Second)
		l.of("c")(yes)
		took, missing := s.await(time.Minute)
		if want := []time.Duration{0, time.Second, 2 * time.Second}; !slices.Equal(took, want) || missing != 1 {
			t.Errorf("took %v, %d are missing; want %v, 1", took, missing, want)
		}
		if waited := time.Since(s.begun); waited != time.Minute {
			t.Errorf("it waited for %v", waited)
		}
		l.of("d")(yes)
		if took, missing := s.await(time.Minute); len(took) != 4 || missing != 0 {
			t.Errorf("in the end took %v, %d are missing", took, missing)
		}
	})
}

func TestNews(t *testing.T) {
	for name, tt := range map[string]struct {
		awaited news
		want    bool
	}{
		"a service":          {news{member: "a", service: "users"}, true},
		"another service":    {news{member: "a", service: "orders"}, false},
		"of another":         {news{member: "b", service: "users"}, false},
		"a new address":      {news{member: "a", before: "10.0.0.1:1"}, true},
		"still the old one":  {news{member: "a", before: "10.0.0.2:2"}, false},
		"another's new home": {news{member: "b", before: "10.0.0.1:1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.awaited.toldBy("a", "10.0.0.2:2", "files", "users"); got != tt.want {
				t.Errorf("%+v: %v", tt.awaited, got)
			}
		})
	}
}
