package balancer

import (
	"testing"
	"testing/synctest"
	"time"
)

// Whatever the rate of the calls, and however many overlap, one failure costs seconds.
func TestFault61_OneFailureCostsSeconds(t *testing.T) {
	for name, policy := range avoiding {
		for _, callers := range []int{1, 8} {
			for _, n := range []int{2, 5, 50} {
				for _, rate := range []float64{10, 100, 1000} {
					synctest.Test(t, func(t *testing.T) {
						b := newBalancer(policy(), numbered(make([]int, n)...))
						overlapping(t, b, callers, rate, 3*time.Second, succeeds)
						fail(t, b, 0, 1)
						overlapping(t, b, callers, rate, 6*time.Second, succeeds)
						calls := rate * 30
						if calls < 100*float64(n) {
							calls = 100 * float64(n)
						}
						counts := overlapping(t, b, callers, rate, time.Duration(calls/rate*float64(time.Second)),
							succeeds)
						total := 0
						for _, count := range counts {
							total += count
						}
						if share := float64(counts[0]*n) / float64(total); share < 0.6 || share > 1.5 {
							t.Errorf(
								"%s, %d callers, %d items, %v calls a second: the item has %.2f of its share 6 s later",
								name, callers, n, rate, share)
						}
					})
				}
			}
		}
	}
}

// An item that always fails gets few calls but some, with one caller as with many.
func TestFault61_TheFailingIsTriedNowAndThen(t *testing.T) {
	for name, policy := range avoiding {
		for _, eject := range []int{0, 5} {
			for _, callers := range []int{1, 8} {
				synctest.Test(t, func(t *testing.T) {
					b := New[int](policy(), Eject(eject))
					b.Update(numbered(1, 1, 1, 1, 1))
					ends := func(value int) Outcome {
						if value == 0 {
							return Failure
						}
						return Success
					}
					for range 10 {
						counts := overlapping(t, b, callers, 100, 10*time.Second, ends)
						if counts[0] == 0 || counts[0] > 40 {
							t.Errorf(
								"%s, ejection after %d, %d callers: %d of 1000 calls went to the item that fails",
								name, eject, callers, counts[0])
						}
					}
				})
			}
		}
	}
}

// Of five items any number failed for 25 s. All get their share within seconds.
func TestFault61_AllAreCalledAgainOnceHealed(t *testing.T) {
	for name, policy := range policies {
		for _, callers := range []int{1, 8} {
			for failing := 1; failing <= 5; failing++ {
				synctest.Test(t, func(t *testing.T) {
					b := newBalancer(policy(), numbered(1, 1, 1, 1, 1))
					overlapping(t, b, callers, 100, 25*time.Second, func(value int) Outcome {
						if value < failing {
							return Failure
						}
						return Success
					})
					overlapping(t, b, callers, 100, 9*time.Second, succeeds)
					for value, count := range overlapping(t, b, callers, 100, 10*time.Second, succeeds) {
						if count < 100 {
							t.Errorf("%s, %d callers, %d of 5 failed: 9 s later item %d gets %d of 1000 calls", name,
								callers, failing, value, count)
						}
					}
				})
			}
		}
	}
}
