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

// cutPatience is how long a server may take to end once it was closed.
const cutPatience = time.Second

// serving is a server at work.
type serving struct {
	Offer
	served       chan struct{} // closed when Serve has returned
	registration chan membership.Registration
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
		s := &serving{o, make(chan struct{}), make(chan membership.Registration, 1)}
		r.servers = append(r.servers, s)
		go r.attend(ctx, s)
		if o.InFlight != nil {
			_ = r.node.ReportLoad(o.Service.Name, o.InFlight) // fails only for a name that was checked already
		}
		registration, err := r.node.Register(o.Service)
		s.registration <- registration
		if err != nil {
			return err
		}
	}
	return nil
}

// attend serves. A server that fails ends the run; of one that somebody has shut down, the service is taken back.
func (r *run) attend(ctx context.Context, s *serving) {
	defer close(s.served)
	err := s.Server.Serve(s.Listener)
	if isFailure(err) {
		r.fail(fmt.Errorf("cluster: run: serve %s: %w", s.Service.Name, err))
	}
	if registration := <-s.registration; registration != nil && ctx.Err() == nil {
		_ = registration.Deregister() // fails only when the node is closed
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
				r.fail(fmt.Errorf("cluster: run: shut down %s: %w", s.Service.Name, err))
			}
		})
	}
	work.Wait()
	return nil
}

var errGoesOn = errors.New("the server does not end")

// stop waits for the requests in flight until ctx ends, and then cuts off what is left.
func (s *serving) stop(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		err := s.Server.Shutdown(ctx)
		if isFailure(err) {
			s.cut()
		}
		s.Listener.Close()
		<-s.served
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.cut() // it may heed no context
	select {
	case err := <-ended:
		return cmp.Or(err, context.Cause(ctx)) // it was cut off, whatever it says
	case <-time.After(cutPatience):
		return fmt.Errorf("%w: %w", errGoesOn, context.Cause(ctx))
	}
}

func (s *serving) cut() {
	if closer, ok := s.Server.(io.Closer); ok {
		closer.Close()
	}
	s.Listener.Close()
}
