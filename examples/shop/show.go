package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/examples/shop/orders/sqlite"
)

const (
	restartAfter  = time.Second // for which the process that was killed stays away
	burst         = 40          // calls that begin together just before the kill
	shownFailures = 20
)

type options struct {
	length time.Duration
	rate   int
	kill   string // the name of a process, or none
	stop   string // the same
}

const none = "none"

func (o options) check() error {
	switch {
	case o.length < 2*time.Second:
		return fmt.Errorf("-length %v: too short to kill a process and see it return: use 2s or more", o.length)
	case o.rate < 1 || o.rate > 1000:
		return fmt.Errorf("-rate %d: want 1 to 1000", o.rate)
	}
	for name, process := range map[string]string{"-kill": o.kill, "-stop": o.stop} {
		if process != none && !slices.Contains(processes, process) {
			return fmt.Errorf("%s %s: no such process: use one of %s, or %s", name, process, strings.Join(processes, ", "), none)
		}
	}
	return nil
}

// result is how a show went.
type result struct {
	verdict verdict
	failed  []string // calls that did not end as they should
	trace   []string // the way of a request through the services
}

// stage is a show that is under way.
type stage struct {
	options
	fleet *fleet
	out   io.Writer
	began time.Time
}

func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.out, "%5.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// show starts the processes, plays the load and checks the orders. It fails if an order was lost or
// stored twice, if a call did not end as it should, or if a process did not.
func show(ctx context.Context, o options, out io.Writer) (result, error) {
	if err := o.check(); err != nil {
		return result{}, err
	}
	dir, err := os.MkdirTemp("", "shop-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	f, err := newFleet(ctx, dir)
	if err != nil {
		return result{}, err
	}
	defer f.close()
	s := &stage{options: o, fleet: f, out: out, began: time.Now()}
	r, err := s.play(ctx)
	if err != nil && ctx.Err() == nil {
		s.showLogs()
	}
	return r, err
}

func (s *stage) play(ctx context.Context) (r result, err error) {
	for _, name := range processes {
		if err := s.fleet.start(name); err != nil {
			return r, err
		}
	}
	for _, name := range processes {
		if err := s.fleet.await(ctx, name, true); err != nil {
			return r, err
		}
	}
	s.say("two processes each of %s have found each other", strings.Join(services, ", "))

	load, err := newLoad(s.fleet)
	if err != nil {
		return r, err
	}
	defer load.client.Close()
	s.say("%d calls a second for %v", s.rate, s.length)
	if err := s.disturbedLoad(ctx, load); err != nil {
		return r, err
	}
	s.say("all calls have ended")

	load.client.Close() // a server waits 5 s for a connection that was dialled and not used
	if err := s.fleet.stopAll(); err != nil {
		return r, err
	}
	s.say("all processes have drained and ended after SIGTERM")
	if r.verdict, err = s.audit(ctx, load); err != nil {
		return r, err
	}
	r.failed = load.failed
	r.trace, err = s.trace(load)
	s.report(load, r)
	if !r.verdict.holds() || len(r.failed) > 0 {
		err = errors.Join(err, errors.New("the shop has not kept its promise"))
	}
	return r, err
}

// disturbedLoad plays the load for the length of the show, and longer where the machine is so slow
// that the last process is not back by then. It returns when all calls have ended.
func (s *stage) disturbedLoad(ctx context.Context, l *load) error {
	playing, stop := context.WithCancel(ctx)
	defer stop()
	disturbed := make(chan error, 1)
	go func() {
		defer stop()
		disturbed <- s.disturb(ctx, l)
	}()
	l.run(playing, s.rate)
	return errors.Join(<-disturbed, ctx.Err())
}

// disturb kills one process with calls in flight, and later stops another one as a roll-out does.
// Both are started again, and the calls go on meanwhile. It takes the length of the show or more.
func (s *stage) disturb(ctx context.Context, l *load) error {
	began := time.Now()
	if s.kill != none && sleep(ctx, s.length/3) {
		if err := s.killAndRestart(ctx, l); err != nil {
			return err
		}
	}
	if s.stop != none && sleep(ctx, time.Until(began.Add(s.length*2/3))) {
		if err := s.stopAndRestart(ctx); err != nil {
			return err
		}
	}
	sleep(ctx, time.Until(began.Add(s.length)))
	return nil
}

func (s *stage) killAndRestart(ctx context.Context, l *load) error {
	l.burst(ctx, burst)
	began, inFlight := time.Now(), l.inFlight.Load()
	pid, err := s.fleet.kill(s.kill)
	if err != nil {
		return err
	}
	s.say("kill -9 %d, which was %s, with %d calls in flight", pid, s.kill, inFlight)
	if err := s.fleet.await(ctx, s.kill, false); err != nil {
		return err
	}
	s.say("%s is gone from the view, %v after the kill", s.kill, time.Since(began).Round(time.Millisecond))
	if !sleep(ctx, restartAfter) {
		return ctx.Err()
	}
	return s.restart(ctx, s.kill)
}

func (s *stage) stopAndRestart(ctx context.Context) error {
	began := time.Now()
	if err := s.fleet.stop(s.stop); err != nil {
		return err
	}
	s.say("%s has drained and ended, %v after SIGTERM", s.stop, time.Since(began).Round(time.Millisecond))
	return s.restart(ctx, s.stop)
}

func (s *stage) restart(ctx context.Context, name string) error {
	began := time.Now()
	if err := s.fleet.start(name); err != nil {
		return err
	}
	if err := s.fleet.await(ctx, name, true); err != nil {
		return err
	}
	s.say("%s is back, %v after its restart", name, time.Since(began).Round(time.Millisecond))
	return nil
}

// audit compares what the customers remember with what is stored.
func (s *stage) audit(ctx context.Context, l *load) (verdict, error) {
	store, err := sqlite.Open(ctx, s.fleet.path("orders.db"))
	if err != nil {
		return verdict{}, err
	}
	defer store.Close()
	stored, err := store.All(ctx)
	if err != nil {
		return verdict{}, err
	}
	return compare(l.ledger.all(), stored), nil
}

func (s *stage) report(l *load, r result) {
	for _, line := range r.trace {
		s.say("%s", line)
	}
	fmt.Fprintf(s.out, "\n%-34s %6s %9s %12s %8s %7s %8s\n",
		"", "calls", "attempts", "as expected", "unknown", "failed", "longest")
	for _, a := range acts {
		if c := l.counts[a.name]; c != nil {
			fmt.Fprintf(s.out, "%-34s %6d %9d %12d %8d %7d %8v\n", a.name, c.calls, c.attempts, c.right, c.unknown,
				c.calls-c.right-c.unknown, c.longest.Round(time.Millisecond))
		}
	}
	for _, line := range r.failed[:min(len(r.failed), shownFailures)] {
		fmt.Fprintln(s.out, "failed:", line)
	}
	v := r.verdict
	fmt.Fprintf(s.out, "\n%d orders are stored: %d lost, %d twice, %d though refused; ",
		v.stored, len(v.lost), len(v.twice), len(v.strange))
	fmt.Fprintf(s.out, "of %d without an answer %d are stored\n", v.unknown, v.kept)
	for what, references := range map[string][]string{"lost": v.lost, "twice": v.twice, "though refused": v.strange} {
		if len(references) > 0 {
			fmt.Fprintln(s.out, what+":", strings.Join(references, " "))
		}
	}
}

// sleep reports whether d passed before the end of ctx.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
