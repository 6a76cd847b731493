package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// userError is what an application may return.
type userError struct{ code int }

func (e *userError) Error() string { return fmt.Sprintf("user error %d", e.code) }

// The last attempt decides what the error is; the history is there for those that ask.
func TestRetryErrorIsThatOfTheLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(fail(errRefused), "a:80")
		users.answer(fail(errBroken), "b:80")
		users.answer(fail(fmt.Errorf("wrapped: %w", &userError{7})), "c:80")
		_, err := Retry(balancerOf(t, newTown("a", "b", "c"), users, first))(t.Context(), nil)

		want := "endpoint: no attempt is left after 3: wrapped: user error 7"
		if err.Error() != want {
			t.Errorf("the error is\n%s, want\n%s", err, want)
		}
		var user *userError
		var dial *net.OpError
		var retry *RetryError
		if errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dial) || errors.Is(err, errBroken) {
			t.Errorf("an earlier attempt is seen in %v", err)
		}
		if !errors.As(err, &user) || user.code != 7 {
			t.Errorf("the last attempt is not seen in %v", err)
		}
		if !errors.As(err, &retry) {
			t.Fatalf("%v is no RetryError", err)
		}
		history := "[a:80: dial tcp: connection refused b:80: broken c:80: wrapped: user error 7]"
		if got := fmt.Sprint(retry.Attempts); got != history || !errors.Is(retry.Attempts[0], syscall.ECONNREFUSED) {
			t.Errorf("the history is %s, want %s", got, history)
		}
	})
}

func TestRetryErrorSeesTheEndOfItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(fail(errBroken), "a:80")
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond) // within the second pause
		defer cancel()
		_, err := Retry(balancerOf(t, newTown("a"), users, first))(ctx, nil)
		want := "endpoint: the call's context has ended after 2: broken"
		if err.Error() != want || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errBroken) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	})
}

func TestSingleFailureIsReturnedAsItIs(t *testing.T) {
	for name, option := range map[string]RetryOption{
		"not to be retried":    RetryIf(func(error) bool { return false }),
		"a single attempt":     MaxAttempts(1),
		"unsent is retried":    RetryIf(Unsent),
		"one attempt, in time": func(r *retry) { MaxAttempts(1)(r); PerTryTimeout(time.Hour)(r) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				users.answer(fail(errBroken), "a:80", "b:80")
				_, err := Retry(balancerOf(t, newTown("a", "b"), users, first), option)(t.Context(), nil)
				if err != errBroken {
					t.Errorf("the error is %#v, want %#v", err, errBroken)
				}
				users.check(t, "called", users.called, map[string]int{"a:80": 1})
			})
		})
	}
}

func TestRetryIfSeesEachError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := newServers()
		users.answer(fail(errRefused), "a:80")
		users.answer(fail(errBroken), "b:80")
		_, err := Retry(balancerOf(t, newTown("a", "b", "c"), users, first), RetryIf(Unsent))(t.Context(), nil)
		if err == nil || err.Error() != "broken" || !errors.Is(err, errBroken) || errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the error is %v, want that of b alone", err)
		}
		users.check(t, "called", users.called, map[string]int{"a:80": 1, "b:80": 1})
	})
}

// What reached no server is sent again whatever RetryIf says, as far as attempts and budget go.
func TestUnsentIsAlwaysRetried(t *testing.T) {
	never := RetryIf(func(error) bool { return false })
	for name, tt := range map[string]struct {
		err  error
		want string // who is called
	}{
		"refused":            {errRefused, "[a:80 b:80 c:80]"},
		"held back":          {fmt.Errorf("a: %w", heldBack{}), "[a:80 b:80 c:80]"},
		"sent":               {errBroken, "[a:80]"},
		"refused and broken": {&RetryError{Attempts: []error{errRefused, errBroken}}, "[a:80]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				users := newServers()
				users.answer(fail(tt.err), "a:80", "b:80", "c:80")
				_, err := Retry(balancerOf(t, newTown("a", "b", "c", "d"), users, first), never)(t.Context(), nil)
				if got := fmt.Sprint(users.order); got != tt.want || !errors.Is(err, tt.err) {
					t.Errorf("called %s: %v, want %s", got, err, tt.want)
				}
			})
		})
	}
}
