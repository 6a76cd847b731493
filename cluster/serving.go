package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	cutPatience  = time.Second            // for a server to end once it was closed
	idlePatience = 100 * time.Millisecond // for an idle server to end where the limit is 0
)

// serving is a server at work, of a service or beside them.
type serving struct {
	Companion
	name   string
	served chan struct{} // closed when Serve has returned
	cut    func()        // ends it at once if it has a Close method
}

func newServing(name string, companion Companion) *serving {
	cut := func() {}
	if closer, ok := companion.(io.Closer); ok {
		cut = sync.OnceFunc(func() { closer.Close() })
	}
	return &serving{companion, name, make(chan struct{}), cut}
}

// serve starts the servers and registers their services. What can be wrong with an offer is found before that.
func (r *run) serve(ctx context.Context, offers []Offer) error {
	complete := make([]Offer, len(offers))
	for i, o := range offers {
		var err error
		if complete[i], err = r.node.complete(o); err != nil {
			return wrap("run", err)
		}
	}
	for _, o := range complete {
		s := newServing(o.Service.Name, ServerOn(o.Listener, o.Server))
		registered := make(chan membership.Registration, 1)
		r.servers = append(r.servers, s)
		go r.attendService(ctx, s, registered)
		if o.InFlight != nil {
			_ = r.node.ReportLoad(o.Service.Name, o.InFlight) // fails only for a name that was checked already
		}
		registration, err := r.node.Register(o.Service)
		registered <- registration
		if err != nil {
			return err
		}
	}
	return nil
}

// attendService takes the service back if somebody has shut the server down.
func (r *run) attendService(ctx context.Context, s *serving, registered <-chan membership.Registration) {
	defer close(s.served)
	r.attend(s)
	if registration := <-registered; registration != nil && ctx.Err() == nil {
		_ = registration.Deregister() // fails only when the node is closed
	}
}

// attend serves. A server that fails ends the run.
func (r *run) attend(s *serving) {
	if err := s.Serve(); isFailure(err) {
		r.fail(fmt.Errorf("cluster: run: serve %s: %w", s.name, err))
	}
}

// isFailure tells an error of a server from the words for a server that was told to end.
func isFailure(err error) bool {
	return err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed)
}

// stopServers stops all servers at once, and waits for them.
func (r *run) stopServers(ctx context.Context) error {
	var work sync.WaitGroup
	for _, s := range r.servers {
		work.Go(func() {
			if err := s.stop(ctx); isFailure(err) {
				r.fail(fmt.Errorf("cluster: run: shut down %s: %w", s.name, err))
			}
		})
	}
	work.Wait()
	return nil
}

var errGoesOn = errors.New("the server does not end")

// stop waits for the requests in flight until ctx ends, and then cuts off what is left. If ctx has
// ended already, a server without requests in flight still ends by itself.
func (s *serving) stop(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		err := s.Shutdown(ctx)
		if isFailure(err) {
			s.cut()
		}
		<-s.served
		ended <- err
	}()
	limit := ctx
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		limit, cancel = context.WithTimeout(context.Background(), idlePatience)
		defer cancel()
	}
	select {
	case err := <-ended:
		return err
	case <-limit.Done():
	}
	s.cut() // it may heed no context
	select {
	case err := <-ended:
		return cmp.Or(err, context.Cause(ctx)) // it was cut off, whatever it says
	case <-time.After(cutPatience):
		return fmt.Errorf("%w: %w", errGoesOn, context.Cause(ctx))
	}
}

// isServing reports whether any of the servers goes on.
func (r *run) isServing() bool {
	for _, s := range r.servers {
		select {
		case <-s.served:
		default:
			return true
		}
	}
	return false
}
