package balancer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// aged are items that started so long ago, 0 for nobody knows when.
func aged(ages ...time.Duration) []Item[int] {
	items := numbered(make([]int, len(ages))...)
	for i, age := range ages {
		if age != 0 {
			items[i].Started = time.Now().Add(-age)
		}
	}
	return items
}

func TestSlowStart(t *testing.T) {
	for age, want := range map[time.Duration]float64{
		time.Nanosecond:    0.1,
		2500 * ms:          0.325,
		5 * time.Second:    0.55,
		9999 * ms:          1,
		10 * time.Second:   1,
		time.Hour:          1,
		0:                  1,
		-100 * time.Second: 0.1, // by a clock that is ahead
	} {
		synctest.Test(t, func(t *testing.T) {
			for name, policy := range map[string]Policy{"Random": Random(), "LeastRequest": LeastRequest(), "RoundRobin": RoundRobin()} {
				counts := count(t, newBalancer(policy, aged(age, time.Hour, time.Hour, time.Hour)), 100_000)
				got := float64(counts[0]) / float64(counts[1]+counts[2]+counts[3]) * 3
				if math.Abs(got-want) > 0.03 {
					t.Errorf("%s: one of age %v got %.3f of a share, want %.3f", name, age, got, want)
				}
			}
		})
	}
}

const ms = time.Millisecond

func TestSlowStartEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(Random(), aged(time.Nanosecond, time.Hour))
		time.Sleep(5 * time.Second)
		b.Update(aged(5*time.Second, time.Hour)) // the same life
		picked(t, b)
		time.Sleep(5 * time.Second)
		if counts := picked(t, b); chiSquare(counts, []int{1, 1}) > farOff {
			t.Errorf("picked %v times after 10 s, want both alike", counts)
		}
		if caution := b.known.present["a"].caution.Load(); caution != 0 {
			t.Errorf("caution is %b once it is warm, want 0", caution)
		}
	})
}

func TestNoneStartsSlowlyWhenMostAreNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counts := picked(t, newBalancer(Random(), aged(time.Nanosecond, time.Second, time.Hour)))
		if got := chiSquare(counts, []int{1, 1, 1}); got > farOff {
			t.Errorf("picked %v times: chi-square %.0f, want at most %d", counts, got, farOff)
		}
	})
}

func TestSlowStartIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New[int](Random(), SlowStart(0))
		b.Update(aged(time.Nanosecond, time.Hour))
		if counts := picked(t, b); chiSquare(counts, []int{1, 1}) > farOff {
			t.Errorf("picked %v times, want both alike", counts)
		}
	})
}

// All items new or failing, and only one of them: it is picked.
func TestLastOneIsPicked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), aged(time.Nanosecond))
		fail(t, b, 0, 100)
		b.Silent("a")
		if counts := picked(t, b); counts[0] != 10_000 {
			t.Errorf("picked %v times, want 10000", counts)
		}
	})
}

// An item that this Balancer saw come begins slowly by this process's clock, however wrong that of its machine is.
func TestFault18_SlowStartByTheOwnClock(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, age := range map[string]time.Duration{"right": 0, "a year behind": year, "a year ahead": -year} {
		for kind, before := range map[string]int{"another key": 3, "another life": 4} {
			synctest.Test(t, func(t *testing.T) {
				items := aged(time.Hour, time.Hour, time.Hour, time.Hour)
				b := newBalancer(Random(), items[:before])
				time.Sleep(time.Minute)
				items[3].Started = time.Now().Add(-age)
				b.Update(items)
				share := func() float64 {
					counts := count(t, b, 100_000)
					return 3 * float64(counts[3]) / float64(counts[0]+counts[1]+counts[2])
				}
				if got := share(); math.Abs(got-0.1) > 0.03 {
					t.Errorf("clock %s, %s: it began with %.3f of a share, want 0.1", name, kind, got)
				}
				time.Sleep(5 * time.Second)
				b.Update(items)
				if got := share(); math.Abs(got-0.55) > 0.03 {
					t.Errorf("clock %s, %s: after 5 s it has %.3f of a share, want 0.55", name, kind, got)
				}
				time.Sleep(5 * time.Second)
				b.Update(items)
				if got := share(); math.Abs(got-1) > 0.03 {
					t.Errorf("clock %s, %s: after 10 s it has %.3f of a share, want 1", name, kind, got)
				}
			})
		}
	}
}

// While a view fills, those that come second are not new, and neither is an item whose start becomes known.
func TestNotEverythingSeenLaterIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items := aged(time.Hour, time.Hour, time.Hour, 0)
		b := newBalancer(Random(), items[:2])
		time.Sleep(time.Second)
		b.Update(items)
		time.Sleep(time.Minute)
		items[3].Started = time.Now().Add(-time.Hour)
		b.Update(items)
		if counts := picked(t, b); chiSquare(counts, []int{1, 1, 1, 1}) > farOff {
			t.Errorf("picked %v times, want all alike", counts)
		}
	})
}
