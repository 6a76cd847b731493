package endpoint

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

// counted is a service that is called by all of n goroutines at once; the gauge must say so, and 0 in the end.
func counted(t *testing.T, gauge *membership.Gauge, n int, entered, leave chan struct{}, call func()) {
	t.Helper()
	done := make(chan struct{})
	for range n {
		go func() {
			defer func() { done <- struct{}{} }()
			defer func() { recover() }()
			call()
		}()
	}
	for range n {
		<-entered
	}
	if got := gauge.InFlight(); got != int64(n) {
		t.Errorf("%d in flight, want %d", got, n)
	}
	close(leave)
	for range n {
		<-done
	}
	if got := gauge.InFlight(); got != 0 {
		t.Errorf("%d in flight after all have returned", got)
	}
}

func TestCountHTTP(t *testing.T) {
	for name, end := range map[string]func(){"returns": func() {}, "panics": func() { panic(http.ErrAbortHandler) }} {
		t.Run(name, func(t *testing.T) {
			var gauge membership.Gauge
			entered, leave := make(chan struct{}), make(chan struct{})
			handler := CountHTTP(&gauge)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				entered <- struct{}{}
				<-leave
				end()
			}))
			counted(t, &gauge, 5, entered, leave, func() {
				handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			})
		})
	}
}

func TestCountHTTPDoesNotWrapTheWriter(t *testing.T) {
	recorder := httptest.NewRecorder()
	CountHTTP(new(membership.Gauge))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if w != recorder {
			t.Error("the handler gets another ResponseWriter")
		}
	})).ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
}

func TestCount(t *testing.T) {
	for name, end := range map[string]func() error{
		"returns": func() error { return nil }, "fails": func() error { return errBroken }, "panics": func() error { panic(errBroken) },
	} {
		t.Run(name, func(t *testing.T) {
			var gauge membership.Gauge
			entered, leave := make(chan struct{}), make(chan struct{})
			endpoint := Count(&gauge)(func(context.Context, any) (any, error) {
				entered <- struct{}{}
				<-leave
				return 7, end()
			})
			counted(t, &gauge, 5, entered, leave, func() { endpoint(t.Context(), nil) })
		})
	}
}
