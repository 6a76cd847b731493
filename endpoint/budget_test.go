package endpoint

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// attempts makes calls, perSecond of them each second, and gives how many attempts they took.
func attempts(users *servers, call Endpoint, calls, perSecond int) int {
	before := len(users.order)
	for range calls {
		call(context.Background(), nil)
		time.Sleep(time.Second / time.Duration(perSecond))
	}
	return len(users.order) - before
}

// With every instance failing there are retries for the share of the calls, 3 a second and what was saved, no more and
// hardly less.
func TestBudgetBoundsRetries(t *testing.T) {
	const seconds = 60
	for _, tt := range []struct {
		perSecond, good int // good calls come before
		share           float64
		options         []RetryOption
	}{
		{perSecond: 100, share: 0.2},
		{perSecond: 1000, share: 0.2},
		{perSecond: 100, good: 100, share: 0.2},
		{perSecond: 100, good: 10_000, share: 0.2},
		{perSecond: 100, share: 0.5, options: []RetryOption{Budget(0.5)}},
		{perSecond: 100, share: 0, options: []RetryOption{Budget(0)}},
		{perSecond: 100, share: 0, options: []RetryOption{Budget(-1)}},
	} {
		t.Run(fmt.Sprintf("%d a second, share %v, %d before", tt.perSecond, tt.share, tt.good), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				names, addresses := names(5) // so many that no attempt waits
				users := newServers()
				call := Retry(balancerOf(t, newTown(names...), users, first), tt.options...)
				attempts(users, call, tt.good, tt.perSecond)

				users.answer(fail(errBroken), addresses...)
				calls := seconds * tt.perSecond
				retries := attempts(users, call, calls, tt.perSecond) - calls
				saved := min(tt.share*float64(tt.good), 100)
				want := tt.share*float64(calls) + 3*seconds + saved
				if got := float64(retries); got < want-4 || got > want+4 {
					t.Errorf("%v retries of %d calls, want %v", got, calls, want)
				}
			})
		})
	}
}

func TestBudgetIsNamedWhenItIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(fail(errBroken), "a:80", "b:80", "c:80", "d:80")
		call := Retry(balancerOf(t, newTown("a", "b", "c", "d"), users, first), MaxAttempts(4), Budget(0))
		for calls, want := range []int{4, 1, 1} { // the retries of one second are there from the start
			_, err := call(t.Context(), nil)
			var retry *RetryError
			if !errors.As(err, &retry) || len(retry.Attempts) != want || (calls > 0) != strings.Contains(err.Error(), "budget") {
				t.Errorf("call %d: %v, want %d attempts", calls, err, want)
			}
		}
		time.Sleep(time.Second / 3)
		if _, err := call(t.Context(), nil); !strings.Contains(err.Error(), "after 2") {
			t.Errorf("a third of a second later: %v, want one more attempt", err)
		}
	})
}

func TestFreeRetriesDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(0.2)
		for range 3 {
			free := 0
			for b.withdraw() {
				free++
			}
			if free != 3 {
				t.Errorf("%d free retries at once, want 3", free)
			}
			time.Sleep(time.Hour)
		}
	})
}

// Two calls that withdraw at once must not get the same retry.
func TestBudgetIsNotSpentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which no time passes
		const saved = 500_000 // far more than a budget saves, to have them meet
		b := newBudget(0.2)
		b.saved.Store(saved * retryCost)
		var retries atomic.Int64
		var work sync.WaitGroup
		for range 4 {
			work.Go(func() {
				for b.withdraw() {
					retries.Add(1)
				}
			})
		}
		work.Wait()
		if got := retries.Load(); got != saved+3 {
			t.Errorf("%d retries, want %d saved and 3 free", got, saved)
		}
	})
}
