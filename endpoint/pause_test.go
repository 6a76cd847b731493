package endpoint

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// Only what is called again is waited for.
func TestRetryPausesWhenAllWereTried(t *testing.T) {
	for _, tt := range []struct {
		instances, attempts int
		longest             time.Duration // of all pauses together, in ms; the shortest is half of it
	}{
		{5, 1, 0}, {5, 2, 0}, {5, 5, 0},
		{5, 6, 25},
		{5, 7, 25 + 50},
		{1, 2, 25},
		{1, 3, 25 + 50},
		{2, 7, 25 + 50 + 100 + 200 + 250},
		{1, 8, 25 + 50 + 100 + 200 + 250 + 250 + 250},
		{0, 3, 25 + 50},
	} {
		t.Run(fmt.Sprint(tt.attempts, " attempts with ", tt.instances), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				names, addresses := names(tt.instances)
				users := newServers()
				users.answer(fail(errBroken), addresses...)
				call := Retry(balancerOf(t, newTown(names...), users, first), MaxAttempts(tt.attempts), plenty)
				longest, start := tt.longest*time.Millisecond, time.Now()
				call(t.Context(), nil)
				if got := time.Since(start); got < longest/2 || got > longest {
					t.Errorf("paused for %v, want %v to %v", got, longest/2, longest)
				}
			})
		})
	}
}

// An instance that has left is no reason to wait before the next one is called.
func TestRetryDoesNotPauseForWhoHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a", "b"), newServers()
		users.answer(func(context.Context, any) (any, error) {
			town.leave("a")
			synctest.Wait()
			return nil, errBroken
		}, "a:80")
		start := time.Now()
		checkAnswer(t, Retry(balancerOf(t, town, users, first)), "b:80")
		if got := time.Since(start); got != 0 {
			t.Errorf("paused for %v", got)
		}
	})
}

func TestRetryWaitsForAnInstanceToAppear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown()
		call := Retry(balancerOf(t, town, newServers(), first))
		time.AfterFunc(time.Millisecond, func() { town.join("a") })
		checkAnswer(t, call, "a:80")

		town.leave("a")
		synctest.Wait()
		if _, err := call(t.Context(), nil); !errors.Is(err, ErrNoEndpoints) {
			t.Errorf("call: %v, want %v", err, ErrNoEndpoints)
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	for name, tt := range map[string]struct {
		cancelAfter time.Duration
		answer      Endpoint
		want        error
	}{
		"during an attempt":   {time.Minute, hang, context.Canceled},
		"during a pause":      {time.Millisecond, fail(errBroken), context.Canceled},
		"before its attempts": {0, fail(errBroken), context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users := newTown("a"), newServers()
				town.OnReport(func(_ membership.Instance, evidence membership.Evidence) {
					t.Errorf("reported that the instance %s", evidence)
				})
				users.answer(tt.answer, "a:80")
				ctx, cancel := context.WithCancel(t.Context())
				if tt.cancelAfter == 0 {
					cancel()
				}
				time.AfterFunc(tt.cancelAfter, cancel)
				start := time.Now()
				_, err := Retry(balancerOf(t, town, users, first), PerTryTimeout(time.Hour))(ctx, nil)
				attempts := min(int(tt.cancelAfter), 1)
				if got := users.called["a:80"]; got != attempts || time.Since(start) != tt.cancelAfter {
					t.Errorf("%d attempts in %v, want %d in %v", got, time.Since(start), attempts, tt.cancelAfter)
				}
				if !errors.Is(err, tt.want) {
					t.Errorf("call: %v, want %v", err, tt.want)
				}
			})
		})
	}
}
