package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
)

var errCause = errors.New("the cause")

// kindOf is what programs ask of an error of http.Client.
func kindOf(err error) string {
	var ofURL *url.Error
	var ofNet net.Error
	return fmt.Sprintf("url.Error %t, os.IsTimeout %t, net.Error %t, DeadlineExceeded %t, Canceled %t, cause %t",
		errors.As(err, &ofURL) && ofURL.Timeout(), os.IsTimeout(err), errors.As(err, &ofNet) && ofNet.Timeout(),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, errCause))
}

// Errors of a Transport are of the kinds that they are of with http.DefaultTransport, also after
// retries.
func TestErrorsAreAsOfDefaultTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(hold))
	t.Cleanup(server.Close)
	const short = 30 * time.Millisecond
	canceled := func(cause error) func(context.Context) (context.Context, func()) {
		return func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(cause)
			return ctx, func() {}
		}
	}
	for name, tt := range map[string]struct {
		within func(context.Context) (context.Context, func())
		client time.Duration
		header time.Duration
		perTry time.Duration // what has no control is as a deadline
	}{
		"a deadline":                     {within: soon},
		"a deadline with a cause":        {within: soonWithCause},
		"a deadline that was over":       {within: lateBefore},
		"the time of http.Client":        {client: short},
		"the time for the header":        {header: short},
		"the time for an attempt":        {perTry: short},
		"cancelled before":               {within: canceled(nil)},
		"cancelled before, with a cause": {within: canceled(errCause)},
		"cancelled while waiting":        {within: canceledSoon},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := func(control bool) error {
				base := http.DefaultTransport.(*http.Transport).Clone()
				base.ResponseHeaderTimeout = tt.header
				defer base.CloseIdleConnections()
				transport := &endpoint.Transport{View: viewOf(server.Listener.Addr().String()), Base: base}
				transport.RetryOptions = []endpoint.RetryOption{endpoint.PerTryTimeout(tt.perTry)}
				defer transport.Close()
				client, target := &http.Client{Transport: transport, Timeout: tt.client}, "http://users/"
				if control {
					client.Transport, target = base, server.URL
				}
				within := tt.within
				if control && tt.perTry > 0 {
					within = soon
				}
				ctx, cancel := ending{within: within}.context(t.Context())
				defer cancel()
				request, _ := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
				_, err := client.Do(request)
				return err
			}
			for range 20 { // who notices first is left to chance
				control, ours := call(true), call(false)
				if kindOf(ours) != kindOf(control) {
					t.Fatalf("%v is\n%s, want as %v\n%s", ours, kindOf(ours), control, kindOf(control))
				}
				if strings.Contains(ours.Error(), server.Listener.Addr().String()) {
					t.Fatalf("%v has the address of an instance", ours)
				}
				if tt.header > 0 || tt.perTry > 0 {
					var history *endpoint.RetryError
					if !errors.As(ours, &history) || len(history.Attempts) != 3 ||
						!strings.HasPrefix(history.Attempts[0].Error(), server.Listener.Addr().String()) {
						t.Fatalf("%v does not hold the history", ours)
					}
					break
				}
			}
		})
	}
}
