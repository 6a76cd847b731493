package endpoint

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// While every first call is slow there are second ones for the share of the calls and what was saved, no more and no less.
func TestHedgeBudget(t *testing.T) {
	for _, tt := range []struct {
		options     []HedgeOption
		share       float64
		saved, good int // calls before
	}{
		{nil, 0.05, 5, 0}, // of the calls that it has seen
		{nil, 0.05, 10, 1000},
		{[]HedgeOption{HedgeBudget(0.5)}, 0.5, 10, 0},
		{[]HedgeOption{HedgeBudget(0)}, 0, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := trialOf(t, append([]HedgeOption{HedgeBudget(defaultHedges)}, tt.options...)...)
			for range tt.good {
				tr.call(t, t.Context())
			}
			tr.order = nil
			tr.answer(after(time.Second, say("a")), "a:80")
			const calls = 2000
			for range calls {
				tr.took.at.Store(int64(usual)) // or they would count as the usual
				tr.call(t, t.Context())
			}
			if got, want := len(tr.order)-calls, int(tt.share*calls)+tt.saved; got < want-1 || got > want+1 {
				t.Errorf("%d second calls of %d, want %d", got, calls, want)
			}
		})
	}
}

// Calls that were overtaken count as slow, or the percentile would fall, and more and more calls be doubled.
func TestHedgesDoNotHideWhatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := trialOf(t)
		tr.answer(func(ctx context.Context, request any) (any, error) {
			return after(time.Duration(rand.ExpFloat64()*float64(usual)), say("it"))(ctx, request)
		}, "a:80")
		tr.answer(say("it"), "b:80", "c:80")
		for range 3 * window {
			tr.call(t, t.Context())
		}
		tr.order = nil
		for range 10 * window {
			tr.call(t, t.Context())
		}
		if got := tr.took.p95(); got < 2*usual || got > 5*usual {
			t.Errorf("the percentile is %v, want about three times %v", got, usual)
		}
		if got := len(tr.order) - 10*window; got < 4*window/10 || got > 6*window/10 {
			t.Errorf("%d of %d calls were doubled, want one in 20", got, 10*window)
		}
	})
}

// Many at once, some of which fail or are given up, leave nothing behind.
func TestHedgesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := trialOf(t)
		tr.answer(func(ctx context.Context, request any) (any, error) {
			answer := say("it")
			if rand.N(5) == 0 {
				answer = fail(errBroken)
			}
			return after(rand.N(4*usual), answer)(ctx, request)
		}, "a:80", "b:80", "c:80")
		call := Retry(tr.balancer, Hedged(HedgeBudget(1)), PerTryTimeout(3*usual))
		var work sync.WaitGroup
		for range 20 {
			work.Go(func() {
				for range 100 {
					ctx, cancel := context.WithTimeout(t.Context(), rand.N(10*usual))
					call(ctx, nil)
					cancel()
				}
			})
		}
		work.Wait()
		for i, candidate := range tr.candidates {
			if candidate.InFlight() != 0 {
				t.Errorf("%d calls are in flight at instance %d", candidate.InFlight(), i)
			}
		}
		if len(tr.order) < 2000 {
			t.Errorf("there were %d calls", len(tr.order))
		}
	})
}
