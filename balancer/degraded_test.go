package balancer

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// avoiding are the policies that keep calls from an item whose latest call failed.
var avoiding = map[string]func() Policy{"LeastRequest": LeastRequest, "PeakEWMA": PeakEWMA}

// overlapping makes calls at this rate for a while, several at a time, and returns how many of them each item got.
// ends returns how a call to an item ends.
func overlapping(t *testing.T, b *Balancer[int], callers int, rate float64, lasts time.Duration,
	ends func(value int) Outcome) []int {
	t.Helper()
	type flight struct {
		value int
		token Token
	}
	counts, flights := make([]int, b.Len()), []flight{}
	for until := time.Now().Add(lasts); time.Now().Before(until); {
		value, token := mustPick(t, b)
		counts[value]++
		if flights = append(flights, flight{value, token}); len(flights) == callers {
			b.Done(flights[0].token, ends(flights[0].value))
			flights = flights[1:]
		}
		time.Sleep(time.Duration(float64(time.Second) / rate))
	}
	for _, f := range flights {
		b.Done(f.token, ends(f.value))
	}
	return counts
}

func succeeds(int) Outcome { return Success }

// Failures, silence and ejections together leave at least half of the items with their share.
func TestFault61_AtMostHalfAreAvoided(t *testing.T) {
	for name, policy := range avoiding {
		for _, n := range []int{1, 2, 3, 5, 10} {
			synctest.Test(t, func(t *testing.T) {
				b := newBalancer(policy(), numbered(make([]int, n)...))
				overlapping(t, b, 1, 100, time.Second, succeeds)
				check := func(when string) {
					t.Helper()
					out, fewer := b.set.Load().countUnused(now())
					if 2*(out+fewer) > n {
						t.Errorf("%s, %d items, %s: %d are out of use and %d degraded", name, n, when, out, fewer)
					}
				}
				for value := range n {
					fail(t, b, value, 1)
				}
				check("each failed once")
				for value := range n {
					fail(t, b, n-1-value, 5)
				}
				check("each failed often")
				for value := range n {
					b.Silent(string(rune('a' + value)))
				}
				check("each is silent")
			})
		}
	}
}

// A call that began before the failure does not show that the item is well again.
func TestOnlyATrialEndsADegradation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), numbered(1, 1, 1))
		c, before := b.known.present["a"], hold(t, b, 0)
		fail(t, b, 0, 1)
		b.Done(before, Success)
		if !c.isDegraded(now()) {
			t.Error("a call from before the failure ended its degradation")
		}
		succeedAt(t, b, 0)
		if c.isDegraded(now()) {
			t.Error("a call from after the failure did not end its degradation")
		}
	})
}

// A trial that never ends does not keep the others away for long.
func TestFault61_ATrialThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(PeakEWMA(), numbered(1, 1, 1))
		fail(t, b, 0, 1)
		hold(t, b, 0)
		time.Sleep(forgetAfter)
		if c := b.known.present["a"]; c.isDegraded(now()) || !c.admits(0) || c.caution.Load() != 0 {
			t.Errorf("it is still degraded %v after its failure", forgetAfter)
		}
	})
}

// One failure means less for an item that has answered many calls: 1 % of failures costs hardly any calls.
func TestFault61_RareFailuresCostFewCalls(t *testing.T) {
	for name, policy := range avoiding {
		synctest.Test(t, func(t *testing.T) {
			b := newBalancer(policy(), numbered(1, 1, 1, 1, 1))
			counts := overlapping(t, b, 1, 1000, 100*time.Second, func(value int) Outcome {
				if value == 0 && rand.IntN(100) == 0 {
					return Failure
				}
				return Success
			})
			if share := float64(counts[0]) * 5 / 100_000; share < 0.75 {
				t.Errorf("%s: the item has %.2f of its share while 1 %% of its calls fail", name, share)
			}
		})
	}
}

// A peak of latency is forgotten as soon as a failure is.
func TestFault61_APeakIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(PeakEWMA(), numbered(1, 1))
		serve(t, b, 100, ms, ms)
		token := hold(t, b, 0)
		time.Sleep(10 * time.Second)
		b.Done(token, Success)
		serve(t, b, int(peakLast/ms)+1, ms, ms)
		if counts := serve(t, b, 1000, ms, ms); counts[0] < 300 {
			t.Errorf("picked %v times, %v after the first took 10 s once", counts, peakLast)
		}
	})
}

// Silence ends once no probe reports it any more.
func TestFault61_SilenceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), numbered(1, 1, 1))
		b.Silent("a")
		time.Sleep(silentFor / 2)
		b.Silent("a")
		time.Sleep(silentFor - time.Second)
		if counts := picked(t, b); counts[0] != 0 {
			t.Errorf("picked %v times, want none of the silent", counts)
		}
		time.Sleep(time.Second)
		if counts := picked(t, b); counts[0] < 3000 {
			t.Errorf("picked %v times, want the first again", counts)
		}
	})
}

// A zone that was slow for a while gets its calls again, without reports too.
func TestFault61_ASlowZoneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newZoned(Random(), zoned(2, 2))
		run := func(calls int, here time.Duration) (local int) {
			for range calls {
				value, token := mustPick(t, b)
				if value < 2 {
					local++
					time.Sleep(here)
				} else {
					time.Sleep(10 * ms)
				}
				b.Done(token, Success)
			}
			return local
		}
		run(20_000, 10*ms)
		if got := run(5000, 500*ms); got > 2500 {
			t.Fatalf("%d of 5000 calls stay while the zone is slow", got)
		}
		run(6_000, 10*ms)
		if got := run(1000, 10*ms); got < 900 {
			t.Errorf("%d of 1000 calls stay 60 s after the zone was slow, want nearly all", got)
		}
	})
}

func TestDegradedAreTheLastResort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), numbered(1, 1, 1, 1))
		fail(t, b, 0, 1)
		fail(t, b, 1, 5)
		for wanted, tried := range map[int][]bool{0: {false, false, true, true}, 1: {true, false, true, true}} {
			got, _, err := b.PickFor(Choice[int]{Tried: func(value int) bool { return tried[value] }})
			if got != wanted || err != nil {
				t.Errorf("with %s tried it picks %d, %v, want %d", fmt.Sprint(tried), got, err, wanted)
			}
		}
	})
}

// While odds are against it, time lets a trial through, and then one a second.
func TestFault61_TrialsByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), numbered(1, 1, 1))
		fail(t, b, 0, 1)
		c := b.known.present["a"]
		const against = 1 // a word that the odds do not let through
		for _, tt := range []struct {
			wait time.Duration
			want bool
		}{{0, false}, {trialLatest - 1, false}, {1, true}, {0, false}, {trialEvery - 1, false}, {1, true}, {0, false}} {
			time.Sleep(tt.wait)
			if got := c.admits(against); got != tt.want {
				t.Errorf("%v after its failure it is let through: %t, want %t",
					time.Duration(now()-c.degradation.failedAt.Load()), got, tt.want)
			}
		}
	})
}

// More than half fail at once: those that are not degraded, as half must stay, do not draw calls by being idle.
func TestFault61_IdleFailuresDrawNoCalls(t *testing.T) {
	for name, policy := range avoiding {
		synctest.Test(t, func(t *testing.T) {
			b := New[int](policy(), Eject(0))
			b.Update(numbered(1, 1, 1, 1, 1))
			var held []Token
			failed := 0
			for range 3000 {
				value, token := mustPick(t, b)
				time.Sleep(ms)
				if value > 0 {
					failed++
					b.Done(token, Failure)
				} else if held = append(held, token); len(held) == 12 {
					b.Done(held[0], Success)
					held = held[1:]
				}
			}
			if failed > 2200 {
				t.Errorf("%s: %d of 3000 calls went to items that fail, want about two of three", name, failed)
			}
		})
	}
}
