package cluster

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run is the life of a process in one call. It starts a node and the companions of [Beside], and
// calls build, which makes what needs the node and returns what the process offers. It serves each
// offer and registers it, and waits until ctx is done, SIGTERM or SIGINT arrives, or a server fails.
// Then it ends in order:
//
//  1. [Node.Drain]: the members call this process no more.
//  2. A pause for clients that cannot acknowledge a drain, as those of DNS; see [Linger]. There is
//     none by default, and none without a service.
//  3. Shutdown of each server: requests in flight are answered.
//  4. [Node.Leave].
//  5. Shutdown of the companions.
//
// With the default options that takes 8 s at most, also with a pause of 2 s. Requests in flight, for
// which there are 20 s, add what they take, and 5 s more if that is longer than a second. Companions
// have a second more. A second signal ends the process at once.
//
// While build is at work, [Node.Context] ends with the request to end, and so does [Node.Ready]. A
// build that goes on is given 3 s. After that Run leaves the cluster and returns an error; what
// build returns later is closed.
//
// A requested shutdown is not an error, not even before the node has started or while build is at
// work. Suspected members that have not confirmed the drain or the goodbye are a warning in the
// log, and so are any others while this process gets too little processor time. Otherwise Run
// returns what went wrong, joined, the first failure in front: a [*membership.FieldError] of a
// config, an offer or an option that cannot be used; a [*NameTakenError], whenever it turns out; the
// error of build, of a server or of a companion; an [*UnconfirmedError] of the drain or the goodbye.
// If the start or build fails, no service was served. A panic in build, or in the start of a
// companion, reaches the caller once the node is closed.
//
// A Config without a Logger logs to standard error: lines of JSON from level info on, or text where
// that is a terminal. Set Logger to zerolog.Nop() for silence.
//
// When Run returns, what it started has ended, the node is closed, and so is every listener that
// build returned. What else build made is the caller's to close then. The exceptions are a build, a
// server or a companion that does not end when told to, which the error names, and handlers of HTTP
// that go on although their connection was closed.
func Run(ctx context.Context, config Config, build func(*Node) ([]Offer, error), options ...RunOption) error {
	r, err := newRun(build, options)
	if err != nil {
		return wrap("run", err)
	}
	config.Logger = orStandardError(config.Logger)
	r.linger = max(r.linger, config.Linger)
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
	defer context.AfterFunc(ctx, func() { node.tell(context.Cause(ctx)) })()
	r.work.Go(func() { r.watchName(ctx) })
	defer r.stopCompanions() // also if build panics
	err = r.startCompanions(ctx)
	var offers []Offer
	if err == nil && ctx.Err() == nil {
		offers, err = await(ctx, r, "build", build, closeListeners)
	}
	defer closeListeners(offers)
	switch {
	case err != nil:
		r.fail(wrap("run", err))
	case ctx.Err() == nil:
		if err := r.serve(ctx, offers); err != nil {
			r.fail(err)
		}
	}
	<-ctx.Done()
	r.finish()
	return r.failure()
}

// run is one call of [Run].
type run struct {
	runOptions
	node       *Node
	end        context.CancelFunc // begins the end
	work       sync.WaitGroup
	servers    []*serving
	companions []*serving

	waited    time.Duration // for build, once the end was requested
	abandoned bool          // build has not returned

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

// watchName ends a process that nobody will ever see: that its name is taken may turn out after the
// start.
func (r *run) watchName(ctx context.Context) {
	var taken *NameTakenError
	if err := r.node.Ready(ctx); errors.As(err, &taken) {
		r.fail(err)
	}
}

const (
	// quietEnd is what drain and goodbye take at most while no request is in flight, below the 10 s
	// that docker stop and others leave to a process.
	quietEnd = 7500 * time.Millisecond

	leastDrain    = time.Second            // after a build that was waited for
	leastGoodbye  = 750 * time.Millisecond // a datagram is sent three times by then
	stillAnswered = time.Second            // a shutdown that takes longer had requests in flight
)

// finish is the end in order. A step that fails does not keep the next from being made. After a
// build that has not returned there is nothing to drain.
func (r *run) finish() {
	r.node.log.Info().Err(r.failure()).Msg("cluster: draining, to end")
	began := time.Now()
	if !r.abandoned {
		r.step(max(r.drain-r.waited, min(r.drain, leastDrain)), r.node.Drain)
	}
	if r.isServing() {
		time.Sleep(r.lingers())
	}
	spent := r.waited + time.Since(began)
	began = time.Now()
	r.step(r.shutdown, r.stopServers)
	r.step(r.goodbye(spent, time.Since(began)), r.node.Leave)
	r.stopCompanions()
}

// goodbye returns the limit of Leave: what is left of quietEnd, unless requests in flight or the
// options have used that up.
func (r *run) goodbye(spent, answering time.Duration) time.Duration {
	if answering > stillAnswered || spent > quietEnd {
		return r.leave
	}
	return min(r.leave, max(quietEnd-spent-answering, leastGoodbye))
}

// step takes a context of its own: that of Run is over.
func (r *run) step(limit time.Duration, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := do(ctx)
	switch {
	case limit <= 0 && isUnconfirmed(err): // the option says not to wait
	case errors.Is(err, ErrUnresponsive):
		r.node.log.Warn().Err(err).
			Msg("cluster: going on without the suspected members: they hear of it once they answer")
	case errors.Is(err, ErrStarved):
		r.node.log.Warn().Err(err).
			Msg("cluster: going on without members that have not confirmed: they hear of it through gossip")
	case err != nil:
		r.fail(err)
	}
}

func isUnconfirmed(err error) bool {
	var unconfirmed *UnconfirmedError
	return errors.As(err, &unconfirmed)
}
