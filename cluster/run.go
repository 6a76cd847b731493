package cluster

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run is the life of a process in one call. It starts a node; calls build, which makes what needs the node and says what
// the process offers; serves each offer and registers it; and waits until ctx is done, SIGTERM or SIGINT arrives, or a server
// fails. Then it ends in order: [Node.Drain], so that nobody calls this process any more; Shutdown of each server, so that
// what was called is answered; [Node.Leave]. These take at most 5 s, 20 s and 5 s, unless options say otherwise. A second
// signal ends the process at once.
//
// That Run was told to end is no error, not even before the node has started. Otherwise it returns what went wrong, joined,
// what failed first in front: a [*NameTakenError], whenever it turns out; the error of a server; an [*UnconfirmedError] of
// the drain or the goodbye. If the start or build fails, nothing was served.
//
// When Run returns, what it started has ended, the node is closed, and so is every listener that build gave. What else build
// made is the caller's to close then. The exceptions are a server that does not end when told to, which the error names, and
// handlers of HTTP that go on although their connection was closed.
func Run(ctx context.Context, config Config, build func(*Node) ([]Offer, error), options ...RunOption) error {
	r := newRun(options)
	ctx, r.end = context.WithCancel(ctx)
	defer r.work.Wait()
	defer r.end()
	defer r.endAtSignal()()
	node, err := Start(ctx, config)
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return nil
	}
	if err != nil {
		return err
	}
	defer node.Close() // even if build panics
	r.node = node
	r.work.Go(func() { r.watchName(ctx) })
	offers, err := build(node)
	defer closeListeners(offers)
	if err = wrap("run: build", err); err == nil {
		err = r.serve(ctx, offers)
	}
	if err != nil {
		r.fail(err)
	}
	<-ctx.Done()
	r.finish()
	return r.failure()
}

// run is one call of [Run].
type run struct {
	runOptions
	node    *Node
	end     context.CancelFunc // begins the end
	work    sync.WaitGroup
	servers []*serving

	mu   sync.Mutex
	errs []error // in the order in which they happened
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
	r.end()
}

func (r *run) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}

// watchName ends a process that nobody will ever see: that its name is taken may turn out after the start.
func (r *run) watchName(ctx context.Context) {
	var taken *NameTakenError
	if err := r.node.Ready(ctx); errors.As(err, &taken) {
		r.fail(err)
	}
}

// finish is the end in order. A step that fails does not keep the next from being made.
func (r *run) finish() {
	r.node.log.Info().Err(r.failure()).Msg("cluster: draining, to end")
	r.step(r.drain, r.node.Drain)
	if len(r.servers) > 0 {
		time.Sleep(r.linger)
	}
	r.step(r.shutdown, r.stopServers)
	r.step(r.leave, r.node.Leave)
}

// step takes a context of its own: that of Run is over.
func (r *run) step(limit time.Duration, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := do(ctx); err != nil {
		r.fail(err)
	}
}
