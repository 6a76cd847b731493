package cluster

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// RunOption configures [Run].
type RunOption func(*runOptions)

type runOptions struct {
	drain, linger, shutdown, leave time.Duration
	signals                        []os.Signal
	beside                         []beside
}

// DrainTimeout bounds how long Run waits until the other members confirm that they call this
// process no more. The default is 5 s. With 0 Run tells them and does not wait, and those that have
// not confirmed are no error.
func DrainTimeout(d time.Duration) RunOption { return func(r *runOptions) { r.drain = d } }

// Linger lets the servers go on for d after the drain. The default is 0, as members have gone
// elsewhere by then. Clients that do not watch the cluster cannot acknowledge a drain and need
// longer:
//
//   - those behind endpoint.CloseWhileDraining its spread, and the pause between two of their requests;
//   - those of DNS the TTL and a second;
//   - those of a load balancer what that takes to notice.
//
// The longest counts of d, Config.Linger and what the companions of [Beside] ask for, as a DNS server
// does by itself. A process without a service does not linger, whatever is set.
func Linger(d time.Duration) RunOption { return func(r *runOptions) { r.linger = d } }

// ShutdownTimeout bounds how long all servers together may take to finish the requests in flight.
// The default is 20 s. After that a server that has a Close method is closed. The value 0 cuts off
// requests in flight; an idle server ends without an error. The companions of [Beside] end later,
// after the goodbye, and this is not their limit.
func ShutdownTimeout(d time.Duration) RunOption { return func(r *runOptions) { r.shutdown = d } }

// LeaveTimeout bounds the goodbye. The default is 5 s, which is also the most that [Node.Leave]
// takes. With 0 Run says goodbye and does not wait, and members that have not confirmed are no
// error. Where no request was in flight, the goodbye takes less if the drain took long, so that
// both end within 8 s.
func LeaveTimeout(d time.Duration) RunOption { return func(r *runOptions) { r.leave = d } }

// Signals sets which signals end Run. The default is SIGTERM and SIGINT; with none given, signals are left to the caller,
// who ends the context instead. A test on virtual time needs that: package os/signal has a goroutine that waits outside of it.
func Signals(signals ...os.Signal) RunOption { return func(r *runOptions) { r.signals = signals } }

// newRun finds what cannot be used before a port is bound.
func newRun(build func(*Node) ([]Offer, error), options []RunOption) (*run, error) {
	r := &run{runOptions: runOptions{
		drain:    5 * time.Second,
		shutdown: 20 * time.Second,
		leave:    goodbyePatience,
		signals:  []os.Signal{syscall.SIGTERM, os.Interrupt},
	}}
	if build == nil {
		return nil, &membership.FieldError{Field: "build", Value: "nil",
			Remedy: "give a function that returns the offers, or none for a process that only calls others"}
	}
	for i, option := range options {
		if option == nil {
			return nil, &membership.FieldError{Field: fmt.Sprintf("run option %d", i+1), Value: "nil",
				Remedy: "leave it out"}
		}
		option(&r.runOptions)
	}
	for _, b := range r.beside {
		if b.start == nil {
			return nil, &membership.FieldError{Field: fmt.Sprintf("start of companion %q", b.name), Value: "nil",
				Remedy: "give Beside a function that starts the companion, or leave the option out"}
		}
	}
	return r, nil
}

// endAtSignal begins the end at the first signal, and returns the function that stops catching
// them. After the first, a signal does what it does by default. They are caught beyond the end of
// Run's context, as one that arrives during the drain must not end the process.
func (r *run) endAtSignal() (release func()) {
	if len(r.signals) == 0 { // to ask package os/signal for none would be to ask for all
		return func() {}
	}
	caught, stop := signal.NotifyContext(context.Background(), r.signals...)
	context.AfterFunc(caught, func() {
		stop()
		r.end()
	})
	return stop
}
