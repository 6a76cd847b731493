package endpoint

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/grapevine-go/grapevine/membership"
)

// get is a factory of endpoints that GET "/" and answer with the body, which is still to be read.
func get(client *http.Client) Factory {
	return func(address string) (Endpoint, io.Closer, error) {
		return func(ctx context.Context, _ any) (any, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
			if err != nil {
				return nil, err
			}
			response, err := client.Do(request)
			if err != nil {
				return nil, err
			}
			return response.Body, nil
		}, nil, nil
	}
}

// townOf has one peer, a, that offers users at address.
func townOf(address string) *town {
	town := newTown("a")
	town.edit("a", func(r *membership.Record) { r.Services[0].Address = address })
	return town
}

// Stock lb.Retry cuts the body of a response as it returns.
func TestStreamIsReadableAfterItsCall(t *testing.T) {
	defer goleak.VerifyNone(t)
	const perTry = 50 * time.Millisecond
	rest := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first, ")
		w.(http.Flusher).Flush()
		select {
		case <-rest:
			io.WriteString(w, "rest")
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	endpointer := NewEndpointer(townOf(server.Listener.Addr().String()).View(), "users", get(server.Client()))
	defer endpointer.Close()
	await(endpointer, 1)
	call := Retry(NewBalancer(endpointer, first), PerTryTimeout(perTry), MaxAttempts(100), plenty) // on a busy machine
	open := func() io.ReadCloser {
		response, err := call(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return response.(io.ReadCloser)
	}

	body := open()
	defer body.Close()
	passed, cancel := context.WithTimeout(t.Context(), perTry)
	defer cancel()
	for passed.Err() == nil {
		runtime.GC()
	}
	open().Close() // releases what was collected
	close(rest)
	if got, err := io.ReadAll(body); string(got) != "first, rest" || err != nil {
		t.Errorf("the body is %q, %v, want all of it", got, err)
	}
}
