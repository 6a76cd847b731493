package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/auth/authtest"
)

type request struct{ err error }

func (r request) Validate() error { return r.err }

// newGuard returns a Guard with room for burst calls, and a context with a token for it.
func newGuard(t *testing.T, burst int) (Guard, context.Context, *bytes.Buffer) {
	t.Helper()
	issuer := authtest.New(t)
	log := new(bytes.Buffer)
	g := Guard{Logger: zerolog.New(log), Keys: issuer.Keys, Limit: rate.NewLimiter(0, burst)}
	return g, auth.WithToken(t.Context(), issuer.Token(auth.ReadOrders)), log
}

func TestEndpoint(t *testing.T) {
	invalid := endpoint.NewProblem(endpoint.ErrInvalid, "no")
	for name, tt := range map[string]struct {
		ctx     func(context.Context) (context.Context, context.CancelFunc)
		scope   string
		request request
		serve   func() error
		want    error
		served  bool
	}{
		"served":    {served: true},
		"no scope":  {scope: auth.WriteOrders, want: endpoint.ErrForbidden},
		"invalid":   {request: request{invalid}, want: endpoint.ErrInvalid},
		"panic":     {serve: func() error { panic("broken") }, want: endpoint.ErrInternal, served: true},
		"its error": {serve: func() error { return endpoint.ErrConflict }, want: endpoint.ErrConflict, served: true},
		"no time left": {ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute/2)
		}, want: context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			g, ctx, log := newGuard(t, 1)
			if tt.ctx != nil {
				var cancel context.CancelFunc
				ctx, cancel = tt.ctx(ctx)
				defer cancel()
			}
			scope := tt.scope
			if scope == "" {
				scope = auth.ReadOrders
			}
			served := false
			guarded := g.Endpoint("thing", scope, time.Hour, time.Minute)(func(ctx context.Context, _ any) (any, error) {
				served = true
				if _, ok := ctx.Deadline(); !ok {
					t.Error("the call has no deadline")
				}
				if tt.serve != nil {
					return nil, tt.serve()
				}
				return nil, nil
			})
			_, err := guarded(endpoint.WithRequestID(ctx, "seven"), tt.request)
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if served != tt.served {
				t.Errorf("served %v, want %v", served, tt.served)
			}
			if !strings.Contains(log.String(), `"request_id":"seven"`) || !strings.Contains(log.String(), `"endpoint":"thing"`) {
				t.Errorf("the log lacks the call: %s", log)
			}
		})
	}
}

func TestEndpointRefusesWhatIsAboveTheLimit(t *testing.T) {
	g, ctx, _ := newGuard(t, 2)
	guarded := g.Endpoint("thing", auth.ReadOrders, time.Second, 0)(
		func(context.Context, any) (any, error) { return nil, nil })
	for i, want := range []error{nil, nil, endpoint.ErrExhausted} {
		if _, err := guarded(ctx, request{}); endpoint.KindOf(err) != want {
			t.Errorf("call %d: error %v, want %v", i, err, want)
		}
	}
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var err error
		calls := 0
		guarded := Breaker("thing")(func(context.Context, any) (any, error) {
			calls++
			return nil, err
		})
		call := func(times int) (err error) {
			for range times {
				_, err = guarded(t.Context(), nil)
			}
			return err
		}
		err = endpoint.NewProblem(endpoint.ErrNotFound, "no")
		call(2 * breakerTrips)
		if calls != 2*breakerTrips {
			t.Fatalf("answers opened the breaker after %d calls", calls)
		}
		err, calls = endpoint.ErrInternal, 0
		last := call(2 * breakerTrips)
		if calls != breakerTrips {
			t.Errorf("%d failures went through, want %d", calls, breakerTrips)
		}
		if !endpoint.Unsent(last) || endpoint.KindOf(last) != endpoint.ErrUnavailable {
			t.Errorf("an open breaker fails with %v, want an unavailable that was not sent", last)
		}
		err = nil
		time.Sleep(breakerPauses + time.Millisecond) // virtual
		if err := call(1); err != nil {
			t.Errorf("after its pause the breaker fails with %v", err)
		}
	})
}

func TestHealth(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, tt := range map[string]struct {
		check  func(context.Context) error
		status int
	}{
		"well": {Healthy, http.StatusOK},
		"ill":  {func(context.Context) error { return broken }, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			Health(tt.check).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
			if w.Code != tt.status || !json.Valid(w.Body.Bytes()) {
				t.Errorf("answer %d %s, want %d and JSON", w.Code, w.Body, tt.status)
			}
			if strings.Contains(w.Body.String(), broken.Error()) {
				t.Errorf("the answer tells the cause: %s", w.Body)
			}
		})
	}
}

// TestDecodeJSONIsBounded has an instance answer with more than a client should hold.
func TestDecodeJSONIsBounded(t *testing.T) {
	for size, fits := range map[int]bool{mostAnswer - 2: true, mostAnswer: false} {
		body := `"` + strings.Repeat("a", size) + `"`
		response := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}
		_, err := DecodeJSON[string](t.Context(), response)
		var large *http.MaxBytesError
		if fits != (err == nil) || !fits && !errors.As(err, &large) {
			t.Errorf("a body of %d bytes is decoded with error %v", len(body), err)
		}
	}
}
