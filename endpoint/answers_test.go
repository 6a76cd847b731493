package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// statusError is an error in the manner of Go kit. What becomes of it FailureIf and RetryIf decide, as
// for any error of an application.
type statusError int

func (e statusError) Error() string   { return fmt.Sprint("status ", int(e)) }
func (e statusError) StatusCode() int { return int(e) }

// What middleware that judges instances, such as a circuit breaker, makes of each kind.
func TestBlamelessKinds(t *testing.T) {
	for _, kind := range []error{ErrInvalid, ErrUnauthorized, ErrForbidden, ErrNotFound, ErrConflict,
		NewProblem(context.Canceled, "")} {
		if err := fmt.Errorf("order: %w", kind); !Blameless(t.Context(), err) {
			t.Errorf("the instance is blamed for %v", err)
		}
	}
	for _, kind := range []error{ErrExhausted, ErrUnavailable, ErrInternal, NewProblem(context.DeadlineExceeded, ""),
		statusError(404), statusError(503)} {
		if err := fmt.Errorf("order: %w", kind); Blameless(t.Context(), err) {
			t.Errorf("the instance is not blamed for %v", err)
		}
	}
}

// An answer about the request makes good what the instance failed before, as a success does; and
// over HTTP it ends a suspicion. An error that only reads so, of middleware, ends none.
func TestAnswersAreSuccesses(t *testing.T) {
	recorder := httptest.NewRecorder()
	EncodeProblem(t.Context(), ErrNotFound, recorder)
	notFound := DecodeProblem(recorder.Result())
	for name, answered := range map[string]bool{"over HTTP": true, "of middleware": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users := newTown("a"), newServers()
				town.Apply(membership.Suspected{Name: "a", BootID: 2})
				reports := reportsOf(town)
				var of *balancer.Candidate
				b := balancerOf(t, town, users, func(s *balancer.Set) balancer.Picker {
					of = s.Candidates[0]
					return first(s)
				})
				users.answer(fail(errBroken), "a:80")
				b.call(t.Context(), nil)
				before := of.Errors()
				users.answer(func(ctx context.Context, _ any) (any, error) {
					exchangeOf(ctx).answered.Store(answered)
					return nil, notFound
				}, "a:80")
				if _, err := Retry(b)(t.Context(), nil); err != notFound {
					t.Errorf("the call returns %v, want %v as it is", err, notFound)
				}
				if of.Errors() >= before {
					t.Errorf("the share of errors is %v, and was %v", of.Errors(), before)
				}
				users.check(t, "called", users.called, map[string]int{"a:80": 2})
				if answered {
					reports.check(t, "a: "+string(membership.Fine))
				} else {
					reports.check(t)
				}
			})
		})
	}
}

// An instance that asks for more time than a pause is not called again in the same call.
func TestRetryLeavesInstancesThatAskToWait(t *testing.T) {
	wait := func(d time.Duration) Endpoint {
		return fail(&Problem{Kind: ErrUnavailable, RetryAfter: d})
	}
	for name, tt := range map[string]struct {
		answers []Endpoint
		called  int
		reason  string // "" where the error is returned as it is
	}{
		"one":                      {[]Endpoint{wait(time.Second)}, 1, ""},
		"two":                      {[]Endpoint{wait(time.Second), wait(time.Minute)}, 2, waitAsked},
		"only one of two":          {[]Endpoint{wait(time.Second), fail(errBroken)}, 5, noAttemptLeft},
		"no longer than a pause":   {[]Endpoint{wait(longestPause)}, 5, noAttemptLeft},
		"nobody knows how long":    {[]Endpoint{fail(ErrUnavailable)}, 5, noAttemptLeft},
		"one, and another is fine": {[]Endpoint{wait(time.Second), nil}, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				names, addresses := names(len(tt.answers))
				for i, answer := range tt.answers {
					if answer != nil {
						users.answer(answer, addresses[i])
					}
				}
				_, err := Retry(balancerOf(t, newTown(names...), users, first), MaxAttempts(5), plenty)(t.Context(), nil)
				if len(users.order) != tt.called {
					t.Errorf("%d calls, want %d", len(users.order), tt.called)
				}
				var retried *RetryError
				if errors.As(err, &retried) != (tt.reason != "") || retried != nil && retried.Reason != tt.reason {
					t.Errorf("the error is %#v, want the reason %q", err, tt.reason)
				}
			})
		})
	}
}
