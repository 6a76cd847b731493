package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
)

const (
	requestLimit = 5 * time.Second // for a request with all its attempts
	idleConns    = 64              // for each server, that a client keeps
	tellEvery    = 200 * time.Millisecond
	mostErrors   = 3   // of which the text is kept
	retryShare   = 0.2 // of the requests, the default of package endpoint
)

// caller sends requests in the way of a system.
type caller interface {
	servers() int // that it knows
	call(ctx context.Context) error
	close()
}

// results are what became of requests.
type results struct {
	Requests, Failed int
	Errors           []string // the first few
}

func (r *results) add(other results) {
	r.Requests, r.Failed = r.Requests+other.Requests, r.Failed+other.Failed
	r.Errors = append(r.Errors, other.Errors[:min(len(other.Errors), max(0, mostErrors-len(r.Errors)))]...)
}

// beCaller sends requests until ctx is done.
func beCaller(ctx context.Context, s childSpec) error {
	m, err := s.start()
	if err != nil {
		return err
	}
	defer m.close()
	transport := &http.Transport{MaxIdleConnsPerHost: idleConns}
	defer transport.CloseIdleConnections()
	c := m.(worker).caller(&http.Client{Transport: transport}, s.Attempts)
	defer c.close()
	for c.servers() < s.Servers {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(time.Millisecond)
	}
	if err := tell(hello{m.address()}); err != nil {
		return err
	}
	l := &load{caller: c}
	return l.run(ctx, s.Rate)
}

// load is open loop: a request begins when its time has come, whatever became of those before it.
type load struct {
	caller
	mu   sync.Mutex
	sum  results
	work sync.WaitGroup
}

func (l *load) run(ctx context.Context, rate int) error {
	told := time.Now()
	for next := told; ctx.Err() == nil; next = next.Add(time.Second / time.Duration(rate)) {
		time.Sleep(time.Until(next))
		l.work.Go(l.request)
		if time.Since(told) < tellEvery {
			continue
		}
		told = time.Now()
		if err := l.tell(); err != nil {
			return err
		}
	}
	l.work.Wait()
	return l.tell()
}

func (l *load) request() {
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	err := l.call(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sum.Requests++
	if err == nil {
		return
	}
	l.sum.Failed++
	if len(l.sum.Errors) < mostErrors {
		l.sum.Errors = append(l.sum.Errors, err.Error())
	}
}

func (l *load) tell() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tell(l.sum)
}

var requestBody = []byte(strings.Repeat("work", 16))

// post sends one request. Anything but its answer is an error.
func post(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/work", bytes.NewReader(requestBody))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || !bytes.Equal(body, requestBody)) {
		err = fmt.Errorf("%s: %s", address, response.Status)
	}
	return err
}

// balanced calls by way of package endpoint.
type balanced struct {
	*endpoint.Endpointer
	next endpoint.Endpoint
}

func (m *grapevineMember) caller(client *http.Client, attempts int) caller {
	e := endpoint.NewEndpointer(m.node.View(), workService, func(address string) (endpoint.Endpoint, io.Closer, error) {
		return func(ctx context.Context, _ any) (any, error) { return nil, post(ctx, client, address) }, nil, nil
	})
	return balanced{e, endpoint.Retry(endpoint.NewBalancer(e, balancer.LeastRequest()), endpoint.MaxAttempts(attempts), endpoint.Budget(retryShare))}
}

func (b balanced) servers() int {
	known, _ := b.Endpoints()
	return len(known)
}

func (b balanced) close() { b.Close() }

func (b balanced) call(ctx context.Context) error {
	_, err := b.next(ctx, nil)
	return err
}

// inTurn calls the members of memberlist one after the other.
type inTurn struct {
	*plainMember
	client   *http.Client
	attempts int
	turn     *atomic.Uint64
}

func (m *plainMember) caller(client *http.Client, attempts int) caller {
	return inTurn{m, client, attempts, &atomic.Uint64{}}
}

// addresses are of those members that take requests.
func (c inTurn) addresses() (known []string) {
	for _, n := range c.list.Members() {
		if len(n.Meta) > 0 {
			known = append(known, string(n.Meta))
		}
	}
	slices.Sort(known)
	return known
}

func (c inTurn) servers() int { return len(c.addresses()) }
func (c inTurn) close()       {} // the member is closed by itself

func (c inTurn) call(ctx context.Context) (err error) {
	for range c.attempts {
		known := c.addresses()
		if len(known) == 0 {
			return endpoint.ErrNoEndpoints
		}
		if err = post(ctx, c.client, known[c.turn.Add(1)%uint64(len(known))]); err == nil {
			return nil
		}
	}
	return err
}
