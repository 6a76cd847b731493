package main

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// tailOurs is a Balancer in a simulation. It picks something else for another attempt, and uses an aperture where it is to use a part only.
type tailOurs struct {
	*ourRival
	size, rank, callers int // of the aperture; a size of 0 is all
}

func newTailOurs(zone string) *tailOurs {
	return &tailOurs{ourRival: &ourRival{Balancer: balancer.New[int](balancer.LeastRequest(), balancer.PreferZone(zone))}}
}

func (o *tailOurs) narrowTo(size, rank, callers int) { o.size, o.rank, o.callers = size, rank, callers }

func (o *tailOurs) update(backends []backend) error {
	var items []balancer.Item[int]
	o.keys = make(map[int]string, len(backends))
	for _, b := range backends {
		items = append(items, balancer.Item[int]{Key: b.key, Weight: b.weight, Zone: b.zone, Started: b.started, Value: b.id})
		o.keys[b.id] = b.key
	}
	o.Update(balancer.Aperture(items, o.size, o.rank, o.callers))
	return nil
}

func (o *tailOurs) pickBut(id int) (t ticket, ok bool) {
	var err error
	t.id, t.ours, err = o.PickFor(balancer.Choice[int]{Tried: func(one int) bool { return one == id }})
	return t, err == nil
}

// prober is a Balancer with a Prober of its own, behind whose view there is the simulation.
type prober struct {
	*tailOurs
	probes *balancer.Prober[int]
	stop   context.CancelFunc
	work   sync.WaitGroup
}

const (
	probeTrip = 500 * time.Microsecond // of a probe and its answer
	ownName   = "client"
)

func newProber(ours *tailOurs, ask func(instance int) (inFlight int, answers bool)) *prober {
	store := membership.NewStore(ownName)
	var id atomic.Uint64
	store.OnProbe(func(of membership.Instance, answers chan<- membership.ProbeAnswer) (uint64, error) {
		number, err := strconv.Atoi(of.Member)
		if err != nil {
			return 0, err
		}
		answer := membership.ProbeAnswer{ID: id.Add(1), Known: true}
		if inFlight, ok := ask(number); ok {
			answer.InFlight = int64(inFlight)
			time.AfterFunc(probeTrip, func() {
				select {
				case answers <- answer:
				default:
				}
			})
		}
		return answer.ID, nil
	})
	ctx, stop := context.WithCancel(context.Background())
	p := &prober{tailOurs: ours, stop: stop, probes: balancer.NewProber(ours.Balancer, store.View(), balancer.DefaultProbes, instanceOf)}
	p.work.Go(func() { p.probes.Run(ctx) })
	return p
}

// instanceOf has a number for a name.
func instanceOf(number int) membership.Instance {
	return membership.Instance{Member: strconv.Itoa(number)}
}

func (p *prober) pick(c call) (ticket, bool) {
	defer p.probes.Poke()
	return p.tailOurs.pick(c)
}

func (p *prober) pickBut(id int) (ticket, bool) {
	defer p.probes.Poke()
	return p.tailOurs.pickBut(id)
}

func (p *prober) close() {
	p.stop()
	p.work.Wait()
}
