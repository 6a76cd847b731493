//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

const (
	settle     = time.Second            // of calls between two acts
	viewLimit  = 20 * time.Second       // for every process to have the right view
	viewPoll   = 2 * time.Millisecond   // between two looks at a child's view
	askTimeout = 500 * time.Millisecond // for one look
)

// stage is the running cluster: this process, which calls, and its children, which serve.
type stage struct {
	node     *cluster.Node
	children map[string]*process // the living ones, by name
	next     int                 // number of the next child with a new name
	last     string              // name of the child that was killed last
	calls    *calls
	show     *show
	client   *http.Client
}

// play runs the whole demo. Whatever happens, no child is left when it returns.
func play(ctx context.Context, opts options) (*result, error) {
	node, err := cluster.Start(ctx, cluster.Config{Name: "caller", Secret: secret})
	if err != nil {
		return nil, err
	}
	defer node.Close()
	s := &stage{node: node, children: make(map[string]*process), next: 1,
		client: &http.Client{Timeout: askTimeout, Transport: &http.Transport{}}}
	defer s.client.CloseIdleConnections()
	defer s.killAll()

	began := time.Now()
	for range opts.n {
		if err := s.spawn(ctx, s.newName()); err != nil {
			return nil, err
		}
	}
	if err := s.awaitViews(ctx); err != nil {
		return nil, err
	}
	r := &result{Members: opts.n + 1, ConvergeMS: milliseconds(time.Since(began)), OK: true}
	s.calls = newCalls(node.View(), opts.rate)
	defer s.calls.stop()
	s.show = newShow(s.calls, node.View())
	defer s.show.stop()
	s.show.say("%d processes and this one have the same view after %.0f ms; calling %q %d times a second",
		opts.n, r.ConvergeMS, service, opts.rate)
	if err := s.pause(ctx, settle); err != nil {
		return nil, err
	}
	for _, name := range opts.acts {
		err := s.perform(ctx, name, r)
		if err != nil && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil { // the result tells, and what comes after could not be trusted
			r.OK, r.Errors = false, append(r.Errors, fmt.Sprintf("act %s: %v", name, err))
			break
		}
	}
	s.calls.stop()
	s.show.stop()
	r.finish(s.calls)
	return r, nil
}

// perform plays one act and notes what became of it.
func (s *stage) perform(ctx context.Context, name string, r *result) error {
	act := acts[name]
	s.show.begin(name, act.what)
	before := s.calls.count()
	took, err := act.play(ctx, s)
	if err != nil {
		return err
	}
	if err := s.pause(ctx, settle); err != nil {
		return err
	}
	after := s.calls.count()
	done := actResult{Act: name, Calls: after.Calls - before.Calls, Failed: after.Failed - before.Failed, ViewMS: milliseconds(took)}
	r.Acts = append(r.Acts, done)
	s.show.say("%s", done)
	return nil
}

func (s *stage) newName() string {
	name := fmt.Sprintf("node-%d", s.next)
	s.next++
	return name
}

func (s *stage) spawn(ctx context.Context, name string) error {
	child, err := spawn(ctx, name, s.node.Address())
	if err != nil {
		return err
	}
	s.children[name] = child
	return nil
}

// some gives the living child with the lowest name.
func (s *stage) some() (*process, error) {
	if len(s.children) < 2 {
		return nil, fmt.Errorf("only %d process is left to serve", len(s.children))
	}
	return s.children[slices.Sorted(maps.Keys(s.children))[0]], nil
}

func (s *stage) killAll() {
	for _, child := range s.children {
		child.kill()
	}
}

func (s *stage) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// awaitViews waits until this process and every child list exactly the living children as available.
func (s *stage) awaitViews(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, viewLimit, fmt.Errorf("not every view was right after %v", viewLimit))
	defer cancel()
	var want []string
	for _, child := range s.children {
		want = append(want, child.address)
	}
	slices.Sort(want)
	for snapshot := range s.node.View().Follow(ctx) {
		if slices.Equal(snapshot.Addresses(service), want) {
			break
		}
	}
	for name, child := range s.children {
		for !slices.Equal(s.viewOf(ctx, child).Addresses, want) {
			if err := s.pause(ctx, viewPoll); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// viewOf asks a child for its view, which is empty when it does not answer.
func (s *stage) viewOf(ctx context.Context, child *process) (v view) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+child.address+"/view", nil)
	if err != nil {
		return view{}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return view{}
	}
	defer response.Body.Close()
	if json.NewDecoder(response.Body).Decode(&v) != nil {
		return view{}
	}
	return v
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
