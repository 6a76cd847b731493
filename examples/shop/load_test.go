package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
)

func TestPersist(t *testing.T) {
	for name, tt := range map[string]struct {
		errs  []error // of the calls; the last one stays
		calls int
		want  error
	}{
		"answered":         {[]error{nil}, 1, nil},
		"refused":          {[]error{endpoint.ErrConflict}, 1, endpoint.ErrConflict},
		"unavailable once": {[]error{endpoint.ErrUnavailable, nil}, 2, nil},
		"too slow once":    {[]error{context.DeadlineExceeded, nil}, 2, nil},
		"internal":         {[]error{endpoint.ErrInternal}, 1, endpoint.ErrInternal},
		"then refused":     {[]error{endpoint.ErrExhausted, endpoint.ErrConflict}, 2, endpoint.ErrConflict},
		"never there":      {[]error{endpoint.ErrUnavailable}, -1, endpoint.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // virtual
				defer cancel()
				calls := 0
				_, err := persist(ctx, notNow, func() (orders.Order, error) {
					err := tt.errs[min(calls, len(tt.errs)-1)]
					calls++
					return orders.Order{}, err
				})
				if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if tt.calls >= 0 && calls != tt.calls || calls > 30 {
					t.Errorf("%d calls, want %d, and 30 at most", calls, tt.calls)
				}
			})
		})
	}
}

// TestOnlyWhatWasNotSentIsRepeated is about orders without a key.
func TestOnlyWhatWasNotSentIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := []error{endpoint.NotSent(endpoint.ErrUnavailable), endpoint.ErrUnavailable, nil}
		calls := 0
		_, err := persist(t.Context(), endpoint.Unsent, func() (orders.Order, error) {
			calls++
			return orders.Order{}, errs[calls-1]
		})
		if calls != 2 || !errors.Is(err, endpoint.ErrUnavailable) {
			t.Errorf("%d calls, error %v, want 2 and unavailable", calls, err)
		}
	})
}
