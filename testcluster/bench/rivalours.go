package main

import "github.com/grapevine-go/grapevine/balancer"

// ourMakers are the policies of package balancer.
var ourMakers = []maker{
	{name: "RoundRobin", make: ours(balancer.RoundRobin)},
	{name: "Random", make: ours(balancer.Random)},
	{name: "WeightedRoundRobin", make: ours(balancer.WeightedRoundRobin)},
	{name: "WeightedRandom", make: ours(balancer.WeightedRandom)},
	{name: "LeastRequest", make: ours(balancer.LeastRequest)},
	{name: "PeakEWMA", make: ours(balancer.PeakEWMA)},
	{name: "RingHash", make: ours(balancer.RingHash), keyed: true},
	{name: "Maglev", make: ours(balancer.Maglev), keyed: true},
}

func ours(policy func() balancer.Policy) func(setup) (rival, error) {
	return func(s setup) (rival, error) {
		return &ourRival{Balancer: balancer.New[int](policy(), balancer.PreferZone(s.zone))}, nil
	}
}

// ourRival is a Balancer of numbers.
type ourRival struct {
	*balancer.Balancer[int]
	keys map[int]string
}

func (o *ourRival) update(backends []backend) error {
	items, keys := make([]balancer.Item[int], len(backends)), make(map[int]string, len(backends))
	for i, b := range backends {
		items[i] = balancer.Item[int]{Key: b.key, Weight: b.weight, Zone: b.zone, Started: b.started, Value: b.id}
		keys[b.id] = b.key
	}
	o.keys = keys
	o.Update(items)
	return nil
}

func (o *ourRival) pick(c call) (t ticket, ok bool) {
	var err error
	if c.key == "" {
		t.id, t.ours, err = o.Pick()
	} else {
		t.id, t.ours, err = o.PickFor(balancer.Choice[int]{Key: c.key})
	}
	return t, err == nil
}

func (o *ourRival) done(t ticket, r result) { o.Done(t.ours, r.outcome) }
func (o *ourRival) close()                  {}

func (o *ourRival) next() (id int, ok bool) {
	id, _, ok = o.Next()
	return id, ok
}

func (o *ourRival) report(id int, inFlight int64) {
	o.Report(o.keys[id], balancer.Load{InFlight: inFlight})
}

func (o *ourRival) silent(id int) { o.Silent(o.keys[id]) }
