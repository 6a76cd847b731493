package main

import (
	"io"

	"github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/go-kit/log"
)

// kitMakers are the balancers of Go kit, over an Endpointer of its own. Its Random uses a rand.Source without a lock.
var kitMakers = []maker{
	{name: "go-kit RoundRobin", make: kitOf(func(s sd.Endpointer, _ setup) lb.Balancer { return lb.NewRoundRobin(s) })},
	{name: "go-kit Random", make: kitOf(func(s sd.Endpointer, o setup) lb.Balancer { return lb.NewRandom(s, int64(o.seed)) }), serial: true},
}

func kitOf(build func(sd.Endpointer, setup) lb.Balancer) func(setup) (rival, error) {
	return func(o setup) (rival, error) {
		k := &kitRival{ids: make(map[string]int)}
		k.endpointer = sd.NewEndpointer(&k.feed, k.connect, log.NewNopLogger())
		k.Balancer = build(k.endpointer, o)
		return k, nil
	}
}

type kitRival struct {
	lb.Balancer
	endpointer *sd.DefaultEndpointer
	feed       feed
	ids        map[string]int
}

// feed is an Instancer for one Endpointer.
type feed struct{ to chan<- sd.Event }

func (f *feed) Register(to chan<- sd.Event) { f.to = to }
func (f *feed) Deregister(chan<- sd.Event)  {}
func (f *feed) Stop()                       {}

func (k *kitRival) connect(instance string) (endpoint.Endpoint, io.Closer, error) {
	return numbered(k.ids[instance]), nil, nil
}

// update sends the instances twice: the Endpointer takes the second once it has dealt with the first.
func (k *kitRival) update(backends []backend) error {
	for _, b := range backends {
		k.ids[b.key] = b.id
	}
	for range 2 {
		keys := make([]string, len(backends)) // each time, as it sorts them
		for i, b := range backends {
			keys[i] = b.key
		}
		k.feed.to <- sd.Event{Instances: keys}
	}
	return nil
}

// pick calls the endpoint to learn which one it is, which takes 2 ns.
func (k *kitRival) pick(c call) (ticket, bool) {
	next, err := k.Endpoint()
	if err != nil {
		return ticket{}, false
	}
	answer, _ := next(c.ctx, nil)
	return ticket{id: answer.(int)}, true
}

func (k *kitRival) done(ticket, result) {}
func (k *kitRival) close()              { k.endpointer.Close() }
