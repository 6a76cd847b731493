package endpoint

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// httpAttempt is a request on its way to one instance, through the middleware.
type httpAttempt struct {
	ctx  context.Context // as the middleware has it
	body io.ReadCloser   // likewise; it is nil, http.NoBody or a *watchedBody

	mu    sync.Mutex
	taken bool // a request was sent, with this body or another
}

type httpAttemptKey struct{}

// attemptOf returns a new attempt where the middleware made a context of its own.
func attemptOf(ctx context.Context, request *http.Request) *httpAttempt {
	for _, ctx := range []context.Context{ctx, request.Context()} {
		if a, ok := ctx.Value(httpAttemptKey{}).(*httpAttempt); ok {
			return a
		}
	}
	return &httpAttempt{ctx: ctx}
}

// contextOf returns the context that the middleware passed on: it may do so in Go kit's way or in
// that of net/http.
func (a *httpAttempt) contextOf(ctx context.Context, request *http.Request) context.Context {
	if ctx == a.ctx {
		return request.Context()
	}
	return ctx
}

// take hands the body over to sent. A middleware may send a request twice, or without its body.
func (a *httpAttempt) take(sent *http.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	again := a.taken
	a.taken = true
	switch watched, own := sent.Body.(*watchedBody); {
	case own && watched == a.body && again && sent.GetBody != nil:
		body, err := sent.GetBody()
		sent.Body = body
		return err
	case (sent.Body == nil || sent.Body == http.NoBody) && a.body != nil:
		a.body.Close()
	}
	return nil
}

// end closes a body that the middleware kept from being sent.
func (a *httpAttempt) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.taken && a.body != nil {
		a.body.Close()
	}
}

// watchedBody is a request's body. An error of its reader is the caller's fault, and so is a
// length other than it said.
type watchedBody struct {
	io.ReadCloser
	x *exchange

	mu     sync.Mutex
	says   int64 // 0 and less for not known
	had    int64
	closed bool
}

// watch returns a body that records the errors of its reader in x.
func (x *exchange) watch(body io.ReadCloser) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	return &watchedBody{ReadCloser: body, x: x}
}

// watchRequest watches the bodies of a request that is about to be sent.
func (x *exchange) watchRequest(sent *http.Request) {
	watched, ok := sent.Body.(*watchedBody)
	if !ok {
		sent.Body = x.watch(sent.Body)
		if watched, ok = sent.Body.(*watchedBody); !ok {
			return
		}
	}
	watched.mu.Lock()
	watched.says = sent.ContentLength
	watched.mu.Unlock()
	if again := sent.GetBody; again != nil {
		sent.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				x.byCaller.Store(true)
				return nil, err
			}
			return x.watch(body), nil
		}
	}
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.x.reading.Add(1)
	n, err := b.ReadCloser.Read(p)
	b.x.reading.Add(-1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.had += int64(n)
	failed := err != nil && err != io.EOF && !b.closed // a closed body fails for another reason
	length := b.says > 0 && (b.had > b.says || err == io.EOF && b.had < b.says)
	if failed || length {
		b.x.byCaller.Store(true)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return b.ReadCloser.Close()
}
