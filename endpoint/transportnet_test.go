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
)

// Over the network, with a client of net/http: a redirection stays with the service, and a body is readable after the time for
// an attempt, whatever the collector does.
func TestTransportOverTheNetwork(t *testing.T) {
	defer goleak.VerifyNone(t)
	const perTry = 50 * time.Millisecond
	rest := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/old", http.RedirectHandler("/new", http.StatusFound))
	mux.HandleFunc("/new", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Host+" ")
		w.(http.Flusher).Flush()
		select {
		case <-rest:
			io.WriteString(w, "rest")
		case <-r.Context().Done():
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	transport := &Transport{View: townOf(server.Listener.Addr().String()).View(), Base: server.Client().Transport,
		RetryOptions: []RetryOption{PerTryTimeout(perTry), MaxAttempts(100), plenty}} // on a busy machine
	defer transport.Close()
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	open := func() *http.Response {
		response, err := client.Get("http://users/old")
		if err != nil {
			t.Fatal(err)
		}
		return response
	}

	response := open()
	body := response.Body
	defer body.Close()
	if got := response.Request.URL.String(); got != "http://users/new" {
		t.Errorf("the request was %s", got)
	}
	response = nil
	passed, cancel := context.WithTimeout(t.Context(), perTry)
	defer cancel()
	for passed.Err() == nil {
		runtime.GC()
	}
	open().Body.Close() // releases what was collected
	close(rest)
	if got, err := io.ReadAll(body); string(got) != "users rest" || err != nil {
		t.Errorf("the body is %q, %v, want all of it", got, err)
	}
}
