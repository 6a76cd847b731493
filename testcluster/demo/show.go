//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/grapevine-go/grapevine/membership"
)

const redraw = 200 * time.Millisecond

// show tells how things go: lines, and on a terminal a table below them that is kept up to date.
type show struct {
	out   io.Writer
	live  bool
	calls *calls
	view  *membership.View
	ended chan struct{}
	work  sync.WaitGroup
	once  sync.Once

	mu    sync.Mutex
	act   string
	lines int // of the table that is on the screen
}

func newShow(c *calls, view *membership.View) *show {
	s := &show{out: os.Stdout, live: isatty.IsTerminal(os.Stdout.Fd()), calls: c, view: view, ended: make(chan struct{})}
	if s.live {
		s.work.Go(s.refresh)
	}
	return s
}

// stop takes the table off the screen. It is safe to call twice.
func (s *show) stop() {
	s.once.Do(func() {
		close(s.ended)
		s.work.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.erase()
	})
}

// begin announces an act.
func (s *show) begin(name, what string) {
	s.say("%-8s %s", name, what)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.act = name
}

// say writes a line that stays.
func (s *show) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintf(s.out, format+"\n", args...)
}

func (s *show) refresh() {
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.draw()
		case <-s.ended:
			return
		}
	}
}

// erase moves back over the table and clears from there to the end of the screen. Called with the lock held.
func (s *show) erase() {
	if s.lines > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.lines)
		s.lines = 0
	}
}

func (s *show) draw() {
	table := s.table()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	table = fmt.Sprintf("\n%s", table)
	if s.act != "" {
		table += "act: " + s.act + "\n"
	}
	fmt.Fprint(s.out, table)
	s.lines = strings.Count(table, "\n")
}

// table has a row for every instance that was called.
func (s *show) table() string {
	states := make(map[string]string)
	for _, instance := range s.view.Snapshot().Instances(service) {
		states[instance.Member] = instance.State.String()
	}
	total := s.calls.count().Attempts
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %8s %7s %9s %9s %7s  %s\n", "instance", "calls", "share", "p50 ms", "p99 ms", "errors", "state")
	for _, i := range s.calls.perInstance() {
		state := states[i.Name]
		if state == "" {
			state = "gone"
		}
		fmt.Fprintf(&b, "%-8s %8d %6.1f%% %9.1f %9.1f %7d  %s\n", i.Name, i.Calls, share(i.Calls, total), i.P50MS, i.P99MS, i.Errors, state)
	}
	return b.String()
}
