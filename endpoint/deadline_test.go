package endpoint

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// How long a call lasts whose endpoint goes on until its context ends.
func TestDeadlineBoundsACall(t *testing.T) {
	for name, tt := range map[string]struct {
		within, left, want time.Duration // 0 for no deadline of the caller's
	}{
		"of its own":          {time.Second, 0, time.Second},
		"sooner than asked":   {time.Second, time.Minute, time.Second},
		"what the caller has": {time.Minute, time.Second, time.Second},
		"no bound of its own": {0, time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.left > 0 {
					within, cancel := context.WithTimeout(ctx, tt.left)
					defer cancel()
					ctx = within
				}
				began := time.Now()
				_, err := Deadline(tt.within, time.Millisecond)(hang)(ctx, nil)
				if took := time.Since(began); took != tt.want || KindOf(err) != context.DeadlineExceeded {
					t.Errorf("the call ends after %v with %v, want %v", took, err, tt.want)
				}
			})
		})
	}
}

// What cannot finish in time is refused without a call, and is the caller's own fault.
func TestDeadlineRefusesAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		left   time.Duration
		called bool
	}{
		"enough":     {50 * time.Millisecond, true},
		"not enough": {50*time.Millisecond - 1, false},
		"over":       {0, false},
		"long over":  {-time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.left)
				defer cancel()
				called := false
				_, err := Deadline(time.Second, 50*time.Millisecond)(func(context.Context, any) (any, error) {
					called = true
					return nil, nil
				})(ctx, nil)
				if called != tt.called || !called && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("called: %v, want %v; %v", called, tt.called, err)
				}
				if !called && !Blameless(ctx, err) {
					t.Errorf("the instance is blamed for %v", err)
				}
			})
		})
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Deadline(0, 0)(fail(errBroken))(gone, nil); err != context.Canceled {
		t.Errorf("a call that is given up before returns %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err := Deadline(0, 0)(fail(errBroken))(late, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that is late before returns %v", err)
	}
}

// The context ends with the call, unless the response is read after it.
func TestDeadlineOfAStream(t *testing.T) {
	for name, tt := range map[string]struct {
		response any
		err      error
		goesOn   bool
	}{
		"value":               {"text", nil, false},
		"response":            {&http.Response{}, nil, true},
		"reader":              {strings.NewReader("text"), nil, true},
		"reader of a failure": {io.Reader(strings.NewReader("text")), errBroken, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var within context.Context
				Deadline(time.Second, 0)(func(ctx context.Context, _ any) (any, error) {
					within = ctx
					return tt.response, tt.err
				})(t.Context(), nil)
				if goesOn := within.Err() == nil; goesOn != tt.goesOn {
					t.Errorf("the context goes on: %v, want %v", goesOn, tt.goesOn)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if within.Err() == nil {
					t.Error("the context goes on after the deadline")
				}
			})
		})
	}
}

func TestDeadlineRefusesItsArguments(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a call may take less than it needs")
		}
	}()
	Deadline(time.Millisecond, time.Second)
}

// The time that is left travels, and the server bounds it.
func TestDeadlineTravels(t *testing.T) {
	const none = -1
	for name, tt := range map[string]struct {
		left    time.Duration
		longest time.Duration
		header  string
		want    time.Duration
	}{
		"as it is":              {250 * time.Millisecond, time.Minute, "250000u", 250 * time.Millisecond},
		"no bound":              {time.Hour, 0, "3600000m", time.Hour},
		"bounded":               {time.Hour, time.Second, "3600000m", time.Second},
		"over":                  {0, time.Minute, "0n", 0},
		"none":                  {none, time.Minute, "", time.Minute},
		"none, and no bound":    {none, 0, "", none},
		"rounded up":            {100*time.Millisecond + 1, time.Minute, "100001u", 100*time.Millisecond + time.Microsecond},
		"longer than a century": {1 << 62, 0, "76861434M", 76861434 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				caller := t.Context()
				if tt.left != none {
					within, cancel := context.WithTimeout(caller, tt.left)
					defer cancel()
					caller = within
				}
				request := httptest.NewRequest(http.MethodGet, "/", nil)
				request.Header.Set(DeadlineHeader, "7S") // of the call that this one is made for
				SetDeadline(caller, request)
				if got := request.Header.Get(DeadlineHeader); got != tt.header {
					t.Errorf("header %q, want %q", got, tt.header)
				}
				checkRead(t, request, tt.longest, tt.want)
			})
		})
	}
}

// A header that says nothing is as none, and none can ask for more than is allowed.
func TestReadDeadlineOfOthers(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":           time.Minute,
		"7":          time.Minute,
		"S":          time.Minute,
		"7s":         time.Minute,
		"-7S":        time.Minute,
		"+7S":        time.Minute,
		" 7S":        time.Minute,
		"0x7S":       time.Minute,
		"1_0S":       time.Minute,
		"999999999S": time.Minute,
		"99999999H":  time.Minute,
		"7S":         7 * time.Second,
		"99999999n":  99_999_999,
		"007m":       7 * time.Millisecond,
		"0H":         0,
	} {
		synctest.Test(t, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			request.Header.Set(DeadlineHeader, header)
			checkRead(t, request, time.Minute, want)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set(DeadlineHeader, "99999999H")
		checkRead(t, request, 0, 1<<63-1)
	})
}

// checkRead checks how much time a server allows a request; less than 0 for all that there is.
func checkRead(t *testing.T, request *http.Request, longest, want time.Duration) {
	t.Helper()
	served, end := context.WithCancel(t.Context())
	within := ReadDeadline(longest)(served, request)
	deadline, ok := within.Deadline()
	if ok != (want >= 0) || ok && time.Until(deadline) != want {
		t.Errorf("header %q: a deadline: %v, after %v, want %v",
			request.Header.Get(DeadlineHeader), ok, time.Until(deadline), want)
	}
	end() // net/http ends the request
	if synctest.Wait(); within.Err() == nil {
		t.Error("the context goes on after the request")
	}
}
