package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// liveResult is what came of the requests of a run.
type liveResult struct {
	slow       int // see options
	mu         sync.Mutex
	latency    []float64 // ms, of those that were answered, from when they should have been sent
	late       []float64 // ms, by which they were sent later than that
	failed     int
	firstError error
}

const liveLimit = time.Minute // for a request: none is given up, however much is waiting

var errNoAnswers = errors.New("no request was answered")

// run has all clients send requests for a time. All contenders are sent the same requests at the same times, and the simulation with that seed is too.
func (f *liveFleet) run(c liveContender, load float64, o options, seed uint64) (*liveResult, error) {
	r, unheeded := &liveResult{slow: o.slow}, &liveResult{slow: o.slow}
	var clients []liveClient
	defer func() {
		for _, one := range clients {
			one.close()
		}
	}()
	for _, m := range f.clients {
		caller, err := c.call(m.node.View())
		if err != nil {
			return nil, err
		}
		clients = append(clients, liveClient{caller, load * liveServers * liveWorkers / liveWork.Seconds() / liveClients})
	}
	slow := time.Duration(o.slow)
	began := time.Now().Add(slow * o.liveWarmUp)
	var work sync.WaitGroup
	for i, one := range clients {
		early, counted := rand.New(rand.NewPCG(seed, uint64(i))), rand.New(rand.NewPCG(seed, 1<<32+uint64(i)))
		work.Go(func() {
			one.send(early, began.Add(-slow*o.liveWarmUp), began, unheeded)
			one.send(counted, began, began.Add(slow*o.liveSpan), r)
		})
	}
	work.Wait()
	if len(r.latency) == 0 {
		return nil, errors.Join(errNoAnswers, r.firstError)
	}
	return r, nil
}

// liveClient sends requests at random times, whatever becomes of those before.
type liveClient struct {
	liveCaller
	rate float64 // requests a second
}

// send returns once all requests have ended.
func (c liveClient) send(chance *rand.Rand, from, to time.Time, r *liveResult) {
	var work sync.WaitGroup
	defer work.Wait()
	for due := from; ; {
		due = due.Add(time.Duration(r.slow) * time.Duration(chance.ExpFloat64()/c.rate*float64(time.Second)))
		amount := time.Duration(r.slow) * time.Duration(chance.ExpFloat64()*float64(liveWork))
		if !due.Before(to) {
			return
		}
		time.Sleep(time.Until(due))
		work.Go(func() { r.add(due, time.Now(), c.request(amount)) })
	}
}

func (c liveClient) request(amount time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), liveLimit)
	defer cancel()
	return c.call(ctx, amount)
}

// add takes in a request that has just ended.
func (r *liveResult) add(due, sent time.Time, err error) {
	took, late := milliseconds(time.Since(due))/float64(r.slow), milliseconds(sent.Sub(due))/float64(r.slow)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if r.failed++; r.failed == 1 {
			r.firstError = err
		}
		return
	}
	r.latency = append(r.latency, took)
	r.late = append(r.late, late)
}
