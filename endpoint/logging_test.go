package endpoint

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

type failedResponse struct{ err error }

func (r failedResponse) Failed() error { return r.err }

// The line of each kind of call.
func TestLogging(t *testing.T) {
	errLate := context.DeadlineExceeded
	const failed = `,"took":250,"kind":"%s","error":"%v","message":"call failed"}`
	line := func(level string, kind, err error) string {
		return `{"level":"` + level + `","endpoint":"price","request_id":"r-1"` + fmt.Sprintf(failed, kind, err)
	}
	const succeeded = `{"level":"info","endpoint":"price","request_id":"r-1","took":250,"message":"call succeeded"}`
	for name, tt := range map[string]struct {
		response any
		err      error
		want     string
	}{
		"success":                 {"12.50", nil, succeeded},
		"a response that failed":  {failedResponse{ErrNotFound}, nil, line("info", ErrNotFound, ErrNotFound)},
		"a response that did not": {failedResponse{}, nil, succeeded},
		"invalid":                 {nil, ErrInvalid, line("info", ErrInvalid, ErrInvalid)},
		"unauthorized":            {nil, ErrUnauthorized, line("info", ErrUnauthorized, ErrUnauthorized)},
		"forbidden":               {nil, ErrForbidden, line("info", ErrForbidden, ErrForbidden)},
		"not found":               {nil, ErrNotFound, line("info", ErrNotFound, ErrNotFound)},
		"conflict":                {nil, ErrConflict, line("info", ErrConflict, ErrConflict)},
		"canceled":                {nil, context.Canceled, line("info", context.Canceled, context.Canceled)},
		"exhausted":               {nil, ErrExhausted, line("warn", ErrExhausted, ErrExhausted)},
		"unavailable":             {nil, ErrNoEndpoints, line("warn", ErrUnavailable, ErrNoEndpoints)},
		"deadline":                {nil, errLate, line("warn", errLate, errLate)},
		"internal":                {nil, errBroken, line("error", ErrInternal, errBroken)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var written bytes.Buffer
				response, err := Logging(zerolog.New(&written), "price")(func(context.Context, any) (any, error) {
					time.Sleep(250 * time.Millisecond)
					return tt.response, tt.err
				})(WithRequestID(t.Context(), "r-1"), nil)
				if response != tt.response || err != tt.err {
					t.Errorf("the call returns %v, %v", response, err)
				}
				if got := strings.TrimSpace(written.String()); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

// The service's own lines carry the same name and ID.
func TestLoggingWithinACall(t *testing.T) {
	var written bytes.Buffer
	Logging(zerolog.New(&written).Level(zerolog.WarnLevel), "price")(func(ctx context.Context, _ any) (any, error) {
		zerolog.Ctx(ctx).Warn().Msg("out of stock")
		return nil, nil
	})(WithRequestID(t.Context(), "r-1"), nil)
	const want = `{"level":"warn","endpoint":"price","request_id":"r-1","message":"out of stock"}` + "\n"
	if got := written.String(); got != want { // and no line of level info
		t.Errorf("got  %swant %s", got, want)
	}
}

// A panic goes through, and is in the log. Without an ID there is no field of it.
func TestLoggingOfAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written bytes.Buffer
		defer func() {
			const want = `{"level":"error","endpoint":"price","took":0,"message":"call panicked"}` + "\n"
			if recovered, got := recover(), written.String(); recovered != "index 7" || got != want {
				t.Errorf("recovered %v, got  %swant %s", recovered, got, want)
			}
		}()
		call := Logging(zerolog.New(&written), "price")(func(context.Context, any) (any, error) { panic("index 7") })
		call(t.Context(), nil)
	})
}
