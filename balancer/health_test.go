package balancer

import (
	"testing"
	"testing/synctest"
	"time"
)

// fail ends calls to the item with this value as failures.
func fail(t *testing.T, b *Balancer[int], value, times int) {
	t.Helper()
	for range times {
		b.Done(hold(t, b, value), Failure)
	}
}

// succeedAt ends a call to the item with this value as a success.
func succeedAt(t *testing.T, b *Balancer[int], value int) {
	t.Helper()
	b.Done(hold(t, b, value), Success)
}

// picked says how many of some calls, each of them ended before the next, go to each item.
func picked(t *testing.T, b *Balancer[int]) []int {
	t.Helper()
	return count(t, b, 10_000)
}

func TestEjection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(Random(), numbered(1, 1, 1, 1))
		fail(t, b, 2, 4)
		if counts := picked(t, b); counts[2] == 0 {
			t.Error("ejected after 4 failures, want 5")
		}
		succeedAt(t, b, 2)
		fail(t, b, 2, 4)
		if counts := picked(t, b); counts[2] == 0 {
			t.Error("ejected after 4 failures in a row, want 5: a success came before")
		}
		fail(t, b, 2, 5)
		if counts := picked(t, b); counts[2] != 0 || chiSquare([]int{counts[0], counts[1], counts[3]}, []int{1, 1, 1}) > farOff {
			t.Errorf("picked %v times after 5 failures in a row, want none of the third and the others alike", counts)
		}
		time.Sleep(firstEjection)
		if counts := picked(t, b); counts[2] == 0 {
			t.Error("not picked when its ejection had ended")
		}
	})
}

func TestEjectionsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(Random(), numbered(1, 1, 1))
		fail(t, b, 0, 5)
		for longest := firstEjection; longest < 300*time.Second; longest *= 2 {
			want, began := min(longest, longestEjection), time.Now()
			for !b.known.present["a"].admits(0) {
				time.Sleep(10 * time.Millisecond)
			}
			if lasted := time.Since(began); lasted < want/2 || lasted > want+10*time.Millisecond {
				t.Errorf("ejected for %v, want %v to %v", lasted, want/2, want)
			}
			fail(t, b, 0, 1) // one more is enough
		}
		time.Sleep(3 * longestEjection)
		fail(t, b, 0, 1)
		time.Sleep(firstEjection)
		if !b.known.present["a"].admits(0) {
			t.Error("ejected for longer than at first, long after its last ejection")
		}
	})
}

// Calls that were under way when it was ejected fail too, which is no news.
func TestFailuresOfTheEjectedDoNotEjectItLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(Random(), numbered(1, 1, 1, 1))
		fail(t, b, 0, 5)
		until := b.known.present["a"].out.until.Load()
		time.Sleep(firstEjection / 4)
		for range 10 {
			b.failed(b.known.present["a"])
		}
		if later := b.known.present["a"].out.until.Load(); later != until {
			t.Errorf("it is out for %v more", time.Duration(later-until))
		}
	})
}

func TestEjectionsDifferInLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lengths := make(map[int64]bool)
		for range 10 {
			b := newBalancer(Random(), numbered(1, 1))
			fail(t, b, 0, 5)
			lengths[b.known.present["a"].out.until.Load()-now()] = true
		}
		if len(lengths) < 5 {
			t.Errorf("10 ejections last %d different times, want jitter", len(lengths))
		}
	})
}

func TestAtMostHalfAreEjected(t *testing.T) {
	for n, most := range map[int]int{1: 0, 2: 1, 3: 1, 4: 2, 10: 5} {
		b := newBalancer(Random(), numbered(make([]int, n)...))
		for value := range n {
			fail(t, b, value, 5)
		}
		left := 0
		for _, calls := range picked(t, b) {
			if calls > 0 {
				left++
			}
		}
		if n-left != most {
			t.Errorf("%d of %d are ejected, want %d", n-left, n, most)
		}
	}
}

func TestEjectionIsOff(t *testing.T) {
	b := New[int](Random(), Eject(0))
	b.Update(numbered(1, 1))
	fail(t, b, 0, 100)
	if counts := picked(t, b); counts[0] == 0 {
		t.Error("ejected, want never")
	}
}

func TestCanceledIsNobodysFailure(t *testing.T) {
	b := newBalancer(LeastRequest(), numbered(1, 1))
	for range 100 {
		b.Done(hold(t, b, 0), Canceled)
	}
	c := b.known.present["a"]
	if c.Errors() != 0 || c.caution.Load() != 0 || c.InFlight() != 0 || c.Latency() != 0 {
		t.Errorf("errors %v, caution %b, %d in flight, latency %v after 100 cancelled calls, want none",
			c.Errors(), c.caution.Load(), c.InFlight(), c.Latency())
	}
}

func TestErrorsFadeAndAreMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New[int](LeastRequest(), Eject(0))
		b.Update(numbered(1, 1))
		c := b.known.present["a"]
		fail(t, b, 0, 100)
		if got := c.Errors(); got < 0.99 {
			t.Errorf("the share of errors is %v after 100 failures, want 1", got)
		}
		time.Sleep(errorSpan)
		if got := c.Errors(); got < 0.36 || got > 0.38 {
			t.Errorf("the share of errors is %v after %v, want 1/e", got, errorSpan)
		}
		for range 20 {
			succeedAt(t, b, 0)
		}
		if got := c.Errors(); got != 0 {
			t.Errorf("the share of errors is %v after 20 successes, want 0", got)
		}
	})
}

// One that fails at once has never a call in flight.
func TestFastFailuresDoNotLookIdle(t *testing.T) {
	b := New[int](LeastRequest(), Eject(0))
	b.Update(numbered(1, 1, 1, 1, 1))
	var held []Token
	failed := 0
	for range 1000 {
		value, token := mustPick(t, b)
		if value == 0 {
			failed++
			b.Done(token, Failure)
			continue
		}
		if held = append(held, token); len(held) == 12 {
			b.Done(held[0], Success)
			held = held[1:]
		}
	}
	if failed > 20 {
		t.Errorf("%d of 1000 calls went to the item that fails", failed)
	}
}

func TestSilent(t *testing.T) {
	b := newBalancer(Random(), numbered(1, 1, 1))
	b.Silent("a")
	b.Silent("b")
	b.Silent("none")
	if counts := picked(t, b); counts[0] != 0 || counts[1] == 0 {
		t.Errorf("picked %v times, want none of the first, and the second as half must stay", counts)
	}
	b.Report("a", Load{})
	if counts := picked(t, b); counts[0] == 0 {
		t.Error("not picked when it had answered a probe")
	}
	b.Silent("a")
	succeedAt(t, b, 0)
	if counts := picked(t, b); counts[0] == 0 {
		t.Error("not picked when it had answered a call")
	}
}
