package endpoint

import (
	"hash/maphash"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// defaultSpread keeps the clients of a thousand connections from dialling others at the same moment, and is short beside
// the time that a shutdown takes.
const defaultSpread = 500 * time.Millisecond

// CloseWhileDraining is the server's side of a drain: a middleware that answers with "Connection: close" once member, which
// is this process, is draining in view. It is for clients that keep a connection and do not watch the cluster, such as a
// proxy or a browser: those close it, and find another instance by their next dial. For them the server must go on for a
// while after the drain; cluster.Run does with its option Linger.
//
// Not all connections are told at once: each is told from a random moment on within [Spread], 500 ms by default, of the
// first request that finds the member draining. Connections are told apart by the RemoteAddr of their requests, so put
// the middleware outside of one that changes it; what shares an address, as all of a Unix socket, shares the moment.
//
// In HTTP/2 there is no such header. The server of net/http takes it as the wish to send GOAWAY: calls in flight go on, and
// new ones use a new connection. A request for an upgrade is answered as ever, as its connection is not used again.
//
// The middleware sets the header before the handler runs and does not wrap the ResponseWriter, so that flushing and
// hijacking work as without it. While the member is active it costs some nanoseconds and no allocation. A name that view has
// never held is taken for active; a member that has left is taken for draining.
func CloseWhileDraining(view *membership.View, member string, options ...DrainingOption) func(http.Handler) http.Handler {
	if view == nil {
		panic("endpoint: CloseWhileDraining: the view is nil: use that of a node, node.View()")
	}
	d := &draining{view: view, member: member, spread: defaultSpread, seed: maphash.MakeSeed()}
	for _, option := range options {
		if option != nil {
			option(d)
		}
	}
	d.look()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if d.tells(r) {
				w.Header().Set("Connection", "close")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// DrainingOption configures [CloseWhileDraining].
type DrainingOption func(*draining)

// Spread sets within which time all connections are told. The default is 500 ms; 0 tells all at once.
func Spread(d time.Duration) DrainingOption { return func(s *draining) { s.spread = d } }

type draining struct {
	view   *membership.View
	member string
	spread time.Duration
	seed   maphash.Seed

	active atomic.Uint64             // the version of the last snapshot in which member was active, 0 for none
	began  atomic.Pointer[time.Time] // when it was first seen not to be: there is no way back
}

// tells says whether the connection of r is to be closed.
func (d *draining) tells(r *http.Request) bool {
	began := d.began.Load()
	if began == nil {
		began = d.look()
	}
	return began != nil && time.Since(*began) >= d.delay(r.RemoteAddr) && r.Header.Get("Upgrade") == ""
}

// look searches a snapshot once, and gives when the drain began, nil if it has not.
func (d *draining) look() *time.Time {
	snapshot := d.view.Snapshot()
	active := d.active.Load()
	if snapshot.Version() == active {
		return nil
	}
	member, listed := snapshot.Member(d.member)
	switch {
	case listed && member.State == membership.Active:
		d.active.Store(snapshot.Version())
		return nil
	case !listed && active == 0:
		return nil
	}
	now := time.Now()
	d.began.CompareAndSwap(nil, &now)
	return d.began.Load()
}

// delay is the same for all requests of a connection, and nobody who chooses a port can know it.
func (d *draining) delay(remote string) time.Duration {
	if d.spread <= 0 {
		return 0
	}
	return time.Duration(maphash.String(d.seed, remote) % uint64(d.spread))
}
