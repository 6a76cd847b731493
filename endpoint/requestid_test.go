package endpoint

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRequestIDTravels(t *testing.T) {
	for name, id := range map[string]string{
		"usual":   "7b44-9",
		"longest": strings.Repeat("a", longestRequestID),
		"signs":   "!~",
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			SetRequestID(WithRequestID(t.Context(), id), request)
			served := ReadRequestID(t.Context(), request)
			if got := RequestID(served); got != id {
				t.Errorf("the server has %q, want %q", got, id)
			}
			recorder := httptest.NewRecorder()
			WriteRequestID(served, recorder)
			if got := recorder.Header().Get(RequestIDHeader); got != id {
				t.Errorf("the caller is told %q, want %q", got, id)
			}
		})
	}
}

// What no peer may have written into a log is replaced, by another ID each time.
func TestRequestIDIsMadeWhereItIsMissing(t *testing.T) {
	seen := make(map[string]bool)
	for _, id := range []string{"", "a b", "a\nb", "a\x1b[31m", "é", "\x7f", strings.Repeat("a", longestRequestID+1)} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header[RequestIDHeader] = []string{id}
		got := RequestID(ReadRequestID(t.Context(), request))
		if !isRequestID(got) || got == id || seen[got] {
			t.Errorf("for %q the server has %q", id, got)
		}
		seen[got] = true
	}
}

func TestNoRequestID(t *testing.T) {
	request, recorder := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	SetRequestID(t.Context(), request)
	WriteRequestID(t.Context(), recorder)
	if id := RequestID(t.Context()); id != "" || len(request.Header) > 0 || len(recorder.Header()) > 0 {
		t.Errorf("ID %q, headers %v and %v", id, request.Header, recorder.Header())
	}
}
