//go:build unix

package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	kithttp "github.com/go-kit/kit/transport/http"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	callLimit   = 5 * time.Second        // for a call with all its attempts
	tryLimit    = 500 * time.Millisecond // for one attempt
	mostInCalls = 10_000                 // calls at a time; one more fails
	mostErrors  = 5                      // of which the text is kept
)

// calls calls the service by name, open loop: a call begins when its time has come, whatever became of those before it,
// and its latency counts from then.
type calls struct {
	view       *membership.View
	endpointer *endpoint.Endpointer
	endpoint   endpoint.Endpoint
	cancel     context.CancelFunc
	work       sync.WaitGroup
	slots      chan struct{}

	mu        sync.Mutex
	counts    counts
	latencies []time.Duration // of the calls that succeeded
	errors    []string        // the first few
	instances map[string]*attempts
}

type counts struct{ Calls, Failed, Attempts int }

// attempts is what became of the attempts that went to one instance.
type attempts struct {
	latencies []time.Duration
	errors    int
}

// newCalls begins to call, rate times a second, until stop.
func newCalls(view *membership.View, rate int) *calls {
	c := &calls{view: view, slots: make(chan struct{}, mostInCalls), instances: make(map[string]*attempts)}
	c.endpointer = endpoint.NewEndpointer(view, service, c.factory)
	c.endpoint = endpoint.Retry(endpoint.NewBalancer(c.endpointer, balancer.LeastRequest()),
		endpoint.MaxAttempts(3), endpoint.PerTryTimeout(tryLimit))
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.work.Go(func() { c.loop(ctx, time.Second/time.Duration(rate)) })
	return c
}

// stop ends the loop and waits for the calls under way. It is safe to call twice.
func (c *calls) stop() {
	c.cancel()
	c.work.Wait()
	c.endpointer.Close()
}

func (c *calls) loop(ctx context.Context, interval time.Duration) {
	for next := time.Now(); ; next = next.Add(interval) {
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return
		}
		select {
		case c.slots <- struct{}{}:
			c.work.Go(func() {
				c.call(next)
				<-c.slots
			})
		default:
			c.note(next, errTooMany)
		}
	}
}

type callError string

func (e callError) Error() string { return string(e) }

const errTooMany = callError("too many calls under way")

func (c *calls) call(intended time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	_, err := c.endpoint(ctx, struct{}{})
	c.note(intended, err)
}

func (c *calls) note(intended time.Time, err error) {
	took := time.Since(intended)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Calls++
	if err == nil {
		c.latencies = append(c.latencies, took)
		return
	}
	c.counts.Failed++
	if len(c.errors) < mostErrors {
		c.errors = append(c.errors, err.Error())
	}
}

func (c *calls) count() counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// factory makes the endpoint for one instance: a Go kit client with connections of its own, measured.
func (c *calls) factory(address string) (endpoint.Endpoint, io.Closer, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	client := kithttp.NewClient(http.MethodPost, &url.URL{Scheme: "http", Host: address, Path: "/work"},
		kithttp.EncodeJSONRequest, decodeAnswer, kithttp.SetClient(&http.Client{Transport: transport}))
	next, name := client.Endpoint(), c.nameOf(address)
	measured := func(ctx context.Context, request any) (any, error) {
		began := time.Now()
		response, err := next(ctx, request)
		c.noteAttempt(name, time.Since(began), err)
		return response, err
	}
	return measured, closer(transport.CloseIdleConnections), nil
}

type closer func()

func (c closer) Close() error {
	c()
	return nil
}

func decodeAnswer(_ context.Context, r *http.Response) (any, error) {
	var decoded answer
	if r.StatusCode != http.StatusOK {
		return nil, callError(r.Status)
	}
	err := json.NewDecoder(r.Body).Decode(&decoded)
	return decoded, err
}

// nameOf gives the member behind an address.
func (c *calls) nameOf(address string) string {
	for _, instance := range c.view.Snapshot().Instances(service) {
		if instance.Address == address {
			return instance.Member
		}
	}
	return address
}

func (c *calls) noteAttempt(name string, took time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Attempts++
	instance := c.instances[name]
	if instance == nil {
		instance = &attempts{}
		c.instances[name] = instance
	}
	if err != nil {
		instance.errors++
		return
	}
	instance.latencies = append(instance.latencies, took)
}

// perInstance gives what became of the attempts, by name.
func (c *calls) perInstance() []instanceResult {
	instances := c.copyInstances()
	var results []instanceResult
	for _, name := range slices.Sorted(maps.Keys(instances)) {
		instance := instances[name]
		results = append(results, instanceResult{
			Name: name, Calls: len(instance.latencies) + instance.errors, Errors: instance.errors,
			P50MS: percentile(instance.latencies, 50), P99MS: percentile(instance.latencies, 99),
		})
	}
	return results
}

// copyInstances keeps the sorting out of the lock that calls need. What was appended once does not change.
func (c *calls) copyInstances() map[string]attempts {
	c.mu.Lock()
	defer c.mu.Unlock()
	copied := make(map[string]attempts, len(c.instances))
	for name, instance := range c.instances {
		copied[name] = *instance
	}
	return copied
}

// percentile is by the nearest rank, in milliseconds; 0 of none.
func percentile(of []time.Duration, percent int) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return milliseconds(sorted[(len(sorted)*percent+99)/100-1])
}
