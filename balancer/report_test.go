package balancer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestLeastRequestGoesByReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), numbered(1, 1, 1, 1))
		for key, load := range map[string]int64{"a": 9, "b": 9, "c": 2, "d": 9} {
			b.Report(key, Load{InFlight: load})
		}
		if counts := count(t, b, 1000); counts[2] < 600 {
			t.Errorf("picked %v times, want mostly the third, which reported the least", counts)
		}
		time.Sleep(time.Minute)
		if counts := count(t, b, 1000); counts[0] < 100 || counts[1] < 100 || counts[3] < 100 {
			t.Errorf("picked %v times by reports of a minute ago, want all", counts)
		}
	})
}

func TestReportsAreForgotten(t *testing.T) {
	at := now()
	var none, some report
	some.set(7, at)
	for age, want := range map[time.Duration]bool{
		-2 * reportLag: false, -reportLag / 2: true, 0: true, reportsLast - time.Millisecond: true, reportsLast + time.Millisecond: false,
		time.Minute: false, 5 * time.Hour: false, 12 * time.Hour: false, 18 * time.Hour: false,
	} {
		others, aged, ok := some.load(at + int64(age))
		if ok != want || ok && (others != 7 || time.Duration(aged)-max(age, 0) > 50*time.Microsecond || aged < 0) {
			t.Errorf("a report of 7, %v ago, is %v, %v ago, %t; want %t", age, others, time.Duration(aged), ok, want)
		}
		if _, _, ok := none.load(at + int64(age)); ok {
			t.Error("there is a report where there is none")
		}
	}
}

func TestLatestReports(t *testing.T) {
	r := new(Reports)
	if _, ok := r.Latest(0); ok {
		t.Error("there is a latest report before the first one")
	}
	for i, want := range [][freshest]int{{7, 7, 7, 7}, {7, 8, 7, 7}, {7, 8, 9, 7}, {7, 8, 9, 10}, {11, 8, 9, 10}} {
		reported := 7 + i
		r.add(int32(reported), 1, 0)
		for i := range freshest {
			if got, ok := r.Latest(i); !ok || got != want[i] {
				t.Errorf("after the report of %d the latest of number %d is %d, %t; want %d", reported, i, got, ok, want[i])
			}
		}
	}
}

// What is reported holds this balancer's own calls too; they are not counted twice.
func TestOwnCallsAreNotCountedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), numbered(1, 1))
		for range 5 {
			hold(t, b, 0)
		}
		b.Report("a", Load{InFlight: 7})
		c := b.known.present["a"]
		if q, _ := c.queue(new(Reports).fleet(0)); math.Abs(q-7) > 0.01 {
			t.Errorf("the queue is %.2f, want the 7 that were reported", q)
		}
		hold(t, b, 0)
		if q, _ := c.queue(new(Reports).fleet(0)); math.Abs(q-8) > 0.01 {
			t.Errorf("the queue is %.2f with one more call, want 8", q)
		}
	})
}

func TestReportCountsForHalfAfterAQuarterOfACall(t *testing.T) {
	for name, tt := range map[string]struct{ latency, age time.Duration }{
		"not known":      {0, usualSpan},
		"usual":          {40 * time.Millisecond, 10 * time.Millisecond},
		"very short":     {time.Microsecond, shortestSpan},
		"longer than it": {time.Hour, longestSpan},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBalancer(LeastRequest(), numbered(1, 1))
			c := b.known.present["a"]
			if tt.latency > 0 {
				c.took(int64(tt.latency), true)
			}
			b.Report("a", Load{InFlight: 100})
			time.Sleep(tt.age)
			reports := b.set.Load().policySet.Reports
			fleet := reports.fleet(0)
			fleet.others = 0 // of those that did not report
			if q, _ := c.queue(fleet); math.Abs(q-50) > 2 {
				t.Errorf("%s: after %v the report of 100 counts as %.2f, want 50", name, tt.age, q)
			}
		})
	}
}

// One that fails at once is idle whenever it is asked, and must not look it.
func TestOneThatFailsCountsAsBusyAsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), numbered(1, 1, 1, 1))
		for _, key := range []string{"a", "b", "c", "d"} {
			b.Report(key, Load{InFlight: 6})
		}
		fail(t, b, 0, 1)
		b.Report("a", Load{InFlight: 0})
		if counts := count(t, b, 1000); counts[0] != 0 {
			t.Errorf("picked %v times, want not the first, which has just failed", counts)
		}
	})
}

func TestReportsOfOthersAndAbsurdOnes(t *testing.T) {
	b := newBalancer(LeastRequest(), numbered(1, 1))
	b.Report("none", Load{InFlight: 1})
	b.Report("a", Load{InFlight: -5})
	b.Report("b", Load{InFlight: math.MaxInt64})
	if counts := count(t, b, 100); counts[0] != 100 {
		t.Errorf("picked %v times, want always the first", counts)
	}
	New[int](LeastRequest()).Report("a", Load{})
	New[int](LeastRequest()).Silent("a")
}

func TestReportsDoNotOutliveAnotherLife(t *testing.T) {
	b := newBalancer(LeastRequest(), numbered(1, 1))
	b.Report("a", Load{InFlight: 100})
	items := numbered(1, 1)
	items[0].Started = time.Now().Add(-time.Hour)
	b.Update(items)
	if b.known.present["a"].report.word.Load() != 0 {
		t.Error("the report of the process before it is still there")
	}
}

func TestPickByReportsDoesNotAllocate(t *testing.T) {
	b := newBalancer(LeastRequest(), numbered(1, 2, 3))
	b.Report("a", Load{InFlight: 3})
	fail(t, b, 1, 2)
	allocations := testing.AllocsPerRun(1000, func() {
		_, token, _ := b.Pick()
		b.Done(token, Success)
	})
	if allocations != 0 {
		t.Errorf("%v allocations, want 0", allocations)
	}
}
