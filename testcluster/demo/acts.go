//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"time"
)

// act is something that happens to the cluster. play does it and says how long it then took until every living process
// had the right view.
type act struct {
	what string
	play func(ctx context.Context, s *stage) (time.Duration, error)
}

const (
	pauseFor  = 3 * time.Second // less than memberlist takes to give a member up: nobody may be removed
	starveFor = 6 * time.Second // more than that

	removedPoll = 20 * time.Millisecond // between two looks whether anybody was removed

	// One that is starved gets a tenth of its time.
	hungry, fed = 900 * time.Millisecond, 100 * time.Millisecond
)

var acts = map[string]*act{
	"kill":    {"one process is killed with SIGKILL", kill},
	"replace": {"a process takes the place of the one that was killed, under its name", replace},
	"term":    {"one process is stopped with SIGTERM", term},
	"rolling": {"all processes are restarted, one after another", rolling},
	"pause":   {"one process is stopped for 3 s with SIGSTOP, then resumed", pause},
	"starve":  {"one process gets a tenth of its time for 6 s", starve},
}

// actNames gives the acts in the order in which they are played by default.
func actNames() []string { return []string{"kill", "replace", "term", "rolling", "pause", "starve"} }

func kill(ctx context.Context, s *stage) (time.Duration, error) {
	child, err := s.some()
	if err != nil {
		return 0, err
	}
	delete(s.children, child.name)
	s.last = child.name
	began := time.Now()
	child.kill()
	return since(began, s.awaitViews(ctx))
}

// replace without a kill before it adds a process with a new name.
func replace(ctx context.Context, s *stage) (time.Duration, error) {
	name := s.last
	if name == "" {
		name = s.newName()
	}
	s.last = ""
	began := time.Now()
	if err := s.spawn(ctx, name); err != nil {
		return 0, err
	}
	return since(began, s.awaitViews(ctx))
}

func term(ctx context.Context, s *stage) (time.Duration, error) {
	child, err := s.some()
	if err != nil {
		return 0, err
	}
	return s.terminate(ctx, child)
}

// terminate measures from the signal until nobody picks the child any more; the child takes longer to finish.
func (s *stage) terminate(ctx context.Context, child *process) (time.Duration, error) {
	delete(s.children, child.name)
	defer child.kill() // if it does not end by itself
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- child.terminate(ctx) }()
	took, err := since(began, s.awaitViews(ctx))
	if endErr := <-ended; err == nil {
		err = endErr
	}
	return took, err
}

// rolling gives the longest time that any of the restarts took to be seen, down or up.
func rolling(ctx context.Context, s *stage) (longest time.Duration, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.children)) {
		down, err := s.terminate(ctx, s.children[name])
		if err != nil {
			return 0, err
		}
		began := time.Now()
		if err := s.spawn(ctx, name); err != nil {
			return 0, err
		}
		up, err := since(began, s.awaitViews(ctx))
		if err != nil {
			return 0, err
		}
		longest = max(longest, down, up)
	}
	return longest, nil
}

func pause(ctx context.Context, s *stage) (time.Duration, error) {
	child, err := s.some()
	if err != nil {
		return 0, err
	}
	if err := child.signal(syscall.SIGSTOP); err != nil {
		return 0, err
	}
	kept := s.nobodyRemoved(ctx, pauseFor)
	began := time.Now()
	if err := child.signal(syscall.SIGCONT); err != nil {
		return 0, err
	}
	return since(began, errors.Join(kept, s.awaitViews(ctx)))
}

func starve(ctx context.Context, s *stage) (time.Duration, error) {
	child, err := s.some()
	if err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.halt(ctx, child) }()
	kept := s.nobodyRemoved(ctx, starveFor)
	halted := <-ended
	began := time.Now()
	return since(began, errors.Join(kept, halted, s.awaitViews(ctx)))
}

// halt stops a child for most of starveFor, and leaves it running.
func (s *stage) halt(ctx context.Context, child *process) error {
	for end := time.Now().Add(starveFor); time.Now().Before(end); {
		if err := child.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		paused := s.pause(ctx, hungry)
		if err := errors.Join(paused, child.signal(syscall.SIGCONT)); err != nil {
			return err
		}
		if err := s.pause(ctx, fed); err != nil {
			return err
		}
	}
	return nil
}

// nobodyRemoved watches the views of this process and of its children for d, and expects that they list everybody.
func (s *stage) nobodyRemoved(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	everybody := len(s.children) + 1
	found := make(chan error, everybody)
	go func() {
		for snapshot := range s.node.View().Follow(ctx) {
			if listed := len(snapshot.Members()); listed != everybody {
				found <- fmt.Errorf("%d members are listed, want %d", listed, everybody)
				return
			}
		}
		found <- nil
	}()
	for name, child := range s.children {
		go func() {
			for ctx.Err() == nil {
				if listed := s.viewOf(ctx, child).Members; listed != everybody && listed > 0 { // or it does not answer
					found <- fmt.Errorf("%s lists %d members, want %d", name, listed, everybody)
					return
				}
				_ = s.pause(ctx, removedPoll)
			}
			found <- nil
		}()
	}
	var err error
	for range everybody {
		err = errors.Join(err, <-found)
	}
	return err
}

func since(began time.Time, err error) (time.Duration, error) { return time.Since(began), err }
