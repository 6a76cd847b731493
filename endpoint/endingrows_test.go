package endpoint_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
)

// Who is at fault.
const (
	nobody   = "nobody"
	caller   = "caller"
	instance = "instance"
	unknown  = "unknown"
)

// What follows: retried / failure / told to the node.
const (
	nothing_ = "no / no / no"
	failure  = "no / yes / no"
	unsent   = "yes / yes / no"
	late     = "no / yes / timed out"
	byChoice = "RetryIf / yes / no"
)

var endings = map[string]ending{
	"a response of 2xx": {fault: nobody, http: nothing_, kit: nothing_},
	"a response of 3xx": {fault: nobody, http: nothing_, kit: nothing_,
		handler: http.RedirectHandler("/new", http.StatusTemporaryRedirect).ServeHTTP},
	"a response of 4xx": {fault: caller, http: nothing_, kit: none, handler: status(404)},
	"a response of 429": {fault: caller, http: nothing_, kit: none, handler: status(429)},
	"a response of 5xx": {fault: instance, http: failure, kit: none, handler: status(503)},
	"a refusal to go on (Expect: 100-continue)": {fault: caller, http: nothing_, kit: none,
		handler: status(417),
		edit:    func(r *http.Request) { r.Header.Set("Expect", "100-continue") }},
	"an error of the application": {fault: instance, http: none, kit: byChoice,
		then: func(context.Context, func(), *http.Response) error { return errors.New("out of order") }},

	"a problem: invalid":           answered(caller, nothing_, endpoint.ErrInvalid),
	"a problem: unauthorized":      answered(caller, nothing_, endpoint.ErrUnauthorized),
	"a problem: forbidden":         answered(caller, nothing_, endpoint.ErrForbidden),
	"a problem: not found":         answered(caller, nothing_, endpoint.ErrNotFound),
	"a problem: conflict":          answered(caller, nothing_, endpoint.ErrConflict),
	"a problem: canceled":          answered(caller, nothing_, context.Canceled),
	"a problem: exhausted":         answered(instance, byChoice, endpoint.ErrExhausted),
	"a problem: unavailable":       answered(instance, byChoice, endpoint.ErrUnavailable),
	"a problem: internal":          answered(instance, byChoice, endpoint.ErrInternal),
	"a problem: deadline exceeded": answered(instance, byChoice, context.DeadlineExceeded),

	"a refused dial": {fault: instance, http: "yes / yes / refused", kit: "yes / yes / refused",
		base: dial(syscall.ECONNREFUSED)},
	"no route": {fault: unknown, http: unsent, kit: unsent,
		base: dial(syscall.EHOSTUNREACH)},
	"a host that is not found": {fault: unknown, http: unsent, kit: unsent,
		base: dial(&net.DNSError{Err: "no such host", IsNotFound: true})},
	"a dial that took too long": {fault: unknown, http: "yes / yes / timed out", kit: "yes / yes / timed out",
		base: dial(os.ErrDeadlineExceeded)},
	"a certificate that is not trusted": {fault: unknown, http: unsent, kit: unsent, secured: true},
	"no TLS where it is expected": {fault: unknown, http: unsent, kit: unsent,
		edit: func(r *http.Request) { r.URL.Scheme = "https" }},

	"a reset before an answer": {fault: instance, http: "idempotent / yes / reset", kit: "RetryIf / yes / reset",
		handler: hangUp("", true)},
	"an end before an answer": {fault: instance, http: "idempotent / yes / reset", kit: "RetryIf / yes / reset",
		handler: hangUp("", false)},
	"a reset within the header": {fault: instance, http: "idempotent / yes / reset", kit: "RetryIf / yes / reset",
		handler: hangUp("HTTP/1.1 200 OK\r\nA: b\r\n", false)},
	"a malformed answer": {fault: instance, http: "idempotent / yes / no", kit: byChoice,
		handler: hangUp("hello\r\n\r\n", false)},
	"a reset of its stream": {fault: instance, http: "idempotent / yes / no", kit: byChoice,
		secured: true, base: trusting, handler: abort},
	"a body that ends too soon": {fault: instance, http: nothing_, kit: "RetryIf / yes / reset",
		handler: hangUp("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", false)},
	"an idle connection that the server had closed": {
		fault:  nobody,
		http:   "idempotent / no / no",
		kit:    "RetryIf / no / no",
		around: closedIdle,
	},

	"a cancellation before the call": {fault: caller, http: nothing_, kit: nothing_,
		within: canceledBefore},
	"a cancellation while waiting": {fault: caller, http: nothing_, kit: nothing_,
		handler: hold, within: canceledSoon},
	"a cancellation while the body is read": {fault: caller, http: nothing_, kit: nothing_,
		handler: part, then: cancelFirst},
	"a body that the caller does not read": {fault: caller, http: nothing_, kit: none,
		handler: part, then: func(context.Context, func(), *http.Response) error { return nil }},
	"Request.Cancel": {fault: caller, http: nothing_, kit: none,
		handler: hold, edit: stopSoon},
	"a deadline over before the call": {fault: caller, http: nothing_, kit: nothing_,
		within: lateBefore},
	"a deadline that leaves the instance no time": {fault: caller, http: nothing_, kit: nothing_,
		within: hardlyAnyTime, handler: hold},
	"a deadline while dialling": {fault: unknown, http: late, kit: late,
		within: soon, base: dialForever},
	"a deadline while waiting": {fault: instance, http: late, kit: late,
		within: soon, handler: hold},
	"a deadline with a cause while waiting": {fault: instance, http: late, kit: late,
		within: soonWithCause, handler: hold},
	"a deadline while the body is read": {fault: instance, http: nothing_, kit: late,
		within: soon, handler: part},
	"a deadline while the caller's body is waited for": {fault: caller, http: nothing_, kit: none,
		within: soon, handler: hold, edit: body(blocked{})},
	"the time of PerTryTimeout": {
		fault:   instance,
		http:    "idempotent / yes / timed out",
		kit:     "RetryIf / yes / timed out",
		handler: hold,
		options: []endpoint.RetryOption{endpoint.PerTryTimeout(30 * time.Millisecond)},
	},
	"the time of http.Client": {fault: instance, http: late, kit: "RetryIf / yes / timed out",
		handler: hold, client: http.Client{Timeout: 30 * time.Millisecond}},
	"the time for the header": {fault: instance, http: "idempotent / yes / timed out", kit: "RetryIf / yes / timed out",
		handler: hold,
		base: func(_ *testing.T, base *http.Transport, _ *httptest.Server) {
			base.ResponseHeaderTimeout = 30 * time.Millisecond
		}},
	"an endpoint that ignores its context": {fault: instance, http: late, kit: late,
		within: soon, middleware: deaf},

	"an invalid method": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.Method = "GE T" }},
	"an invalid header": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.Header["X-Bad"] = []string{"a\nb"} }},
	"an invalid trailer": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.Trailer = http.Header{"a b": nil} }},
	"an unknown scheme": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.URL.Scheme = "ftp" }},
	"no URL": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.URL = nil }},
	"a request that cannot be encoded": {fault: caller, http: none, kit: nothing_,
		encode: encode(make(chan int))},
	"a request body that cannot be read": {fault: caller, http: nothing_, kit: nothing_,
		edit: body(broken{errors.New("disk gone")})},
	"a request body that breaks off": {fault: caller, http: nothing_, kit: nothing_,
		edit: body(broken{io.ErrUnexpectedEOF})},
	"a request body that breaks off, over HTTP/2": {fault: caller, http: nothing_, kit: "RetryIf / yes / reset",
		secured: true, base: trusting, edit: body(broken{io.ErrUnexpectedEOF})},
	"a request body whose time is over": {fault: caller, http: nothing_, kit: nothing_,
		edit: body(broken{os.ErrDeadlineExceeded})},
	"a request body that is too short": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.ContentLength = 9 }},
	"a request body that is too long": {fault: caller, http: nothing_, kit: nothing_,
		edit: func(r *http.Request) { r.ContentLength = 2 }},
	"a GetBody that fails": {fault: caller, http: nothing_, kit: none,
		around: rewinding, edit: func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("disk gone") }
		}},
	"an error of CallerError": {fault: caller, http: nothing_, kit: nothing_,
		middleware: failing(endpoint.CallerError(errors.New("no token")))},
	"an error of NotSent": {fault: instance, http: unsent, kit: unsent,
		middleware: failing(endpoint.NotSent(errors.New("breaker open")))},
	"an error before a connection is asked for": {fault: caller, http: nothing_, kit: nothing_,
		around: failingBase},
	"an error of middleware": {fault: caller, http: nothing_, kit: byChoice,
		middleware: failing(errors.New("no token"))},
	"a panic of an endpoint": {fault: instance, http: failure, kit: failure,
		middleware: panicking},
	"a hedge that was answered first": {fault: nobody, http: nothing_, kit: nothing_,
		before: 100, attempts: 2, handler: firstHangs(),
		options: []endpoint.RetryOption{endpoint.Hedged(endpoint.HedgeBudget(1))}},
	"no instance to call": {fault: nobody, http: nothing_, kit: nothing_, nobody: true},
}
