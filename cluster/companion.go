package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// Companion is a server beside the services: DNS, metrics, a status page. Serve blocks until
// Shutdown is called, and returns at once if that was before. Shutdown closes what is listened on,
// lets the answers in progress finish, and returns when they have or when ctx is done.
//
// Two methods are optional. Close() error ends a companion at once. It is called where Shutdown fails
// or takes too long. Linger() time.Duration returns how long clients go on with an answer that they
// have: a DNS server returns the TTL of its records and a second. [Run] asks for it after the drain,
// and keeps the services up for that long, see [Linger].
type Companion interface {
	Serve() error
	Shutdown(context.Context) error
}

// Beside adds a companion to [Run]. start opens what the companion listens on and returns without
// serving. Each option adds one; they are started in that order. A start that returns nil, or a nil
// pointer, and no error adds none, as that of a server whose flag is off.
//
// Run calls start once the node has started, before build, and then serves the companion. So it
// answers while build is at work and before the first service is registered, and it does so until the
// process has said goodbye. The node is closed by then; its view holds what was last known. Then Run
// shuts all companions down together, within a second of their own: [ShutdownTimeout] is that of the
// services. What a companion still answers after that is cut off, which is a line in the log. One that
// goes on all the same is an error, which names it.
//
// A start or a companion that fails ends the run as a build or a server does, and its error holds
// name. Companions are shut down as well if build, an offer or a registration fails, or build panics.
func Beside(name string, start func(*Node) (Companion, error)) RunOption {
	return func(r *runOptions) { r.beside = append(r.beside, beside{name, start}) }
}

// ServerOn returns the companion that serves listener by server, such as an [*net/http.Server]. Its
// Shutdown closes the listener.
func ServerOn(listener net.Listener, server Server) Companion { return serverOn{listener, server} }

// beside is an option of [Beside].
type beside struct {
	name  string
	start func(*Node) (Companion, error)
}

// companionPatience is how long all companions together may take to end. Nobody waits for what they
// still answer: a live page, or a scrape that hangs.
const companionPatience = time.Second

// startCompanions starts them one after another, until one fails or the end is requested.
func (r *run) startCompanions(ctx context.Context) error {
	for _, b := range r.beside {
		if ctx.Err() != nil {
			return nil
		}
		companion, err := await(ctx, r, "start "+b.name, b.start, discard)
		if err != nil {
			return err
		}
		if isNil(companion) {
			continue
		}
		if on, ok := companion.(serverOn); ok {
			if err := on.check(b.name); err != nil {
				return err
			}
		}
		s := newServing(b.name, companion)
		r.companions = append(r.companions, s)
		go func() {
			defer close(s.served)
			r.attend(s)
		}()
	}
	return nil
}

// discard ends a companion that was started too late. It has served nobody, so nothing is cut off.
func discard(companion Companion) {
	if isNil(companion) {
		return
	}
	if closer, ok := companion.(io.Closer); ok {
		closer.Close()
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = companion.Shutdown(ctx) // nobody is left to tell
}

// stopCompanions stops all of them at once and waits. A second call has nothing to do.
func (r *run) stopCompanions() {
	ctx, cancel := context.WithTimeout(context.Background(), companionPatience)
	defer cancel()
	var work sync.WaitGroup
	for _, s := range r.companions {
		work.Go(func() {
			switch err := s.stop(ctx); {
			case !isFailure(err):
			case errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errGoesOn):
				r.node.log.Info().Str("companion", s.name).Msg("cluster: cut off what was still being answered")
			default:
				r.fail(fmt.Errorf("cluster: run: shut down %s: %w", s.name, err))
			}
		})
	}
	work.Wait()
	r.companions = nil
}

// lingers returns how long the services go on after the drain.
func (r *run) lingers() time.Duration {
	longest := r.linger
	for _, s := range r.companions {
		if l, ok := s.Companion.(interface{ Linger() time.Duration }); ok {
			longest = max(longest, l.Linger())
		}
	}
	return longest
}

type serverOn struct {
	listener net.Listener
	server   Server
}

func (s serverOn) check(name string) error {
	missing := func(what string) error {
		return &membership.FieldError{Field: fmt.Sprintf("%s of companion %q", what, name), Value: "nil",
			Remedy: "give ServerOn a bound listener and the server for it"}
	}
	switch {
	case isNil(s.listener):
		return missing("listener")
	case isNil(s.server):
		s.listener.Close()
		return missing("server")
	}
	return nil
}

func (s serverOn) Serve() error { return s.server.Serve(s.listener) }

func (s serverOn) Shutdown(ctx context.Context) error {
	defer s.listener.Close()
	return s.server.Shutdown(ctx)
}

func (s serverOn) Close() error {
	defer s.listener.Close()
	if closer, ok := s.server.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
