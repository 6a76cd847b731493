package endpoint

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// exchange records the course of one call. net/http reports it through httptrace, whichever
// endpoint makes the call; a [Transport] adds more. Goroutines of net/http write to it even after
// the call.
type exchange struct {
	began     time.Time
	asked     atomic.Bool           // net/http asked for a connection
	connected atomic.Bool           // it had one
	idle      atomic.Bool           // the connection had been idle
	streams   atomic.Bool           // the connection is of HTTP/2
	answered  atomic.Bool           // the first byte of an answer came
	unwritten atomic.Pointer[error] // why the request could not be written

	request  *http.Request // of a Transport; nil where another endpoint makes the call
	byCaller atomic.Bool   // the request or its body failed, before the instance could
	reading  atomic.Int32  // goroutines that wait for the caller's body
}

type exchangeKey struct{}

// withExchange returns a context for a call, and the record of the call.
func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := &exchange{began: time.Now()}
	if c, ok := ctx.Value(httpCallKey{}).(*httpCall); ok {
		x.request = c.request
	}
	return httptrace.WithClientTrace(context.WithValue(ctx, exchangeKey{}, x), &httptrace.ClientTrace{
		GetConn:              func(string) { x.asked.Store(true) },
		GotConn:              x.gotConn,
		GotFirstResponseByte: func() { x.answered.Store(true) },
		WroteRequest:         x.wroteRequest,
	}), x
}

// exchangeOf returns the record of the call that ctx belongs to, or an empty one.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return new(exchange)
}

func (x *exchange) gotConn(info httptrace.GotConnInfo) {
	conn, secured := info.Conn.(*tls.Conn)
	x.idle.Store(info.WasIdle)
	x.streams.Store(secured && conn.ConnectionState().NegotiatedProtocol == "h2")
	x.connected.Store(true)
}

func (x *exchange) wroteRequest(info httptrace.WroteRequestInfo) {
	if info.Err != nil {
		x.unwritten.Store(&info.Err)
	}
}

// clientTimeoutLag is how much earlier than the deadline of its context an http.Client may close
// Request.Cancel for its Timeout.
const clientTimeoutLag = 5 * time.Millisecond

// leastTime is how long an instance must have had a call before it is blamed for a deadline.
const leastTime = time.Millisecond

// hurried reports whether the time of ctx left the instance less than leastTime.
func (x *exchange) hurried(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !x.began.IsZero() && deadline.Sub(x.began) < leastTime
}

// canceled reports whether the caller closed Request.Cancel. http.Client does that for its
// Timeout, too: late reports whether the time of ctx is over as well.
func (x *exchange) canceled(ctx context.Context) (canceled, late bool) {
	if x.request == nil {
		return false, false
	}
	select {
	case <-x.request.Cancel: //lint:ignore SA1019 http.Client closes it for its Timeout
		deadline, ok := ctx.Deadline()
		return true, ok && time.Until(deadline) < clientTimeoutLag
	default:
		return false, false
	}
}
