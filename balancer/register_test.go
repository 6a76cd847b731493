package balancer

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestStatisticsSurviveChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), equalItems("a", "b", "c"))
		before := b.known.present["a"]
		token := hold(t, b, "a")
		b.Update(equalItems("b", "c"))
		time.Sleep(keptFor)
		b.Update(equalItems("c", "a"))
		if b.known.present["a"] != before || before.InFlight() != 1 {
			t.Error("what was known of a was lost while it was away")
		}
		b.Done(token, Success)
		b.Update(equalItems("b"))
		time.Sleep(keptFor + time.Second)
		b.Update(equalItems("b"))
		if len(b.known.left) != 0 {
			t.Errorf("%d are still remembered after %v", len(b.known.left), keptFor)
		}
	})
}

func TestAnotherLifeIsAnotherCandidate(t *testing.T) {
	b := newBalancer(LeastRequest(), numbered(1, 1, 1))
	fail(t, b, 0, 5)
	restarted := numbered(1, 1, 1)
	restarted[0].Started = time.Now().Add(-time.Hour)
	b.Update(restarted)
	if counts := picked(t, b); counts[0] == 0 {
		t.Error("the failures of the process before it keep it ejected")
	}
}

func TestFewThatLeftAreRemembered(t *testing.T) {
	b := New[int](Random())
	for round := range 3 * mostKept / 100 {
		items := make([]Item[int], 100)
		for i := range items {
			items[i].Key = fmt.Sprint(round, i)
		}
		b.Update(items)
	}
	if got := len(b.known.left); got > mostKept {
		t.Errorf("%d are remembered, want at most %d", got, mostKept)
	}
}
