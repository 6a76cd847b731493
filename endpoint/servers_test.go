package endpoint

import (
	"context"
	"io"
	"maps"
	"sync"
	"testing"
)

// servers makes endpoints that answer with their address unless told otherwise, and counts what happens to them.
type servers struct {
	mu                   sync.Mutex
	answers              map[string]Endpoint
	made, called, closed map[string]int
	order                []string // of the calls
}

func newServers() *servers {
	return &servers{answers: make(map[string]Endpoint),
		made: make(map[string]int), called: make(map[string]int), closed: make(map[string]int)}
}

func (s *servers) factory(address string) (Endpoint, io.Closer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[address]++
	endpoint := func(ctx context.Context, request any) (any, error) { return s.call(ctx, address, request) }
	return endpoint, closerFunc(func() { s.count(s.closed, address) }), nil
}

func (s *servers) call(ctx context.Context, address string, request any) (any, error) {
	s.mu.Lock()
	s.called[address]++
	s.order = append(s.order, address)
	answer := s.answers[address]
	s.mu.Unlock()
	if answer == nil {
		return address, nil
	}
	return answer(ctx, request)
}

func (s *servers) count(what map[string]int, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what[address]++
}

// answer says what the endpoints of addresses do from now on.
func (s *servers) answer(endpoint Endpoint, addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range addresses {
		s.answers[address] = endpoint
	}
}

func (s *servers) check(t *testing.T, what string, counts, want map[string]int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !maps.Equal(counts, want) {
		t.Errorf("%s %v, want %v", what, counts, want)
	}
}

type closerFunc func()

func (f closerFunc) Close() error { f(); return nil }

// fail is an endpoint that fails with err, and hang one that does so when its context ends.
func fail(err error) Endpoint {
	return func(context.Context, any) (any, error) { return nil, err }
}

func hang(ctx context.Context, _ any) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
