package sim

import (
	"math/rand/v2"
	"time"
)

// client sends requests at random times, whatever becomes of those before.
type client struct {
	*Run
	Client
	Caller
	rate    float64    // requests a second
	early   *rand.Rand // for the requests before now is 0
	counted *rand.Rand // for those after: they are the same however long a run warms up, and whatever picks
}

// Streams of random numbers, one beside the other.
const (
	earlyStream = iota << 32
	countedStream
	eventStream // of backends, too
)

func newClient(r *Run, about Client, rate float64) *client {
	n := uint64(about.Number)
	return &client{Run: r, Client: about, rate: rate,
		early: rand.New(rand.NewPCG(r.seed, earlyStream+n)), counted: rand.New(rand.NewPCG(r.seed, countedStream+n))}
}

// request is what a client waits for the answer to.
type request struct {
	began time.Duration
	work  time.Duration
	tries int // made so far
}

// start lets early requests begin, and at 0 those that count.
func (c *client) start() {
	c.next(c.early)
	c.at(0, func() { c.next(c.counted) })
}

func (c *client) next(chance *rand.Rand) {
	pause := time.Duration(chance.ExpFloat64() / c.rateNow() * float64(time.Second))
	work := time.Duration(chance.ExpFloat64() * float64(meanWork))
	if chance == c.early && c.now+pause >= 0 {
		return
	}
	c.After(pause, func() {
		q := &request{began: c.now, work: work}
		c.begun(q)
		c.send(q, -1)
		c.next(chance)
	})
}

// rateNow is less while a contender learns, so that no backlog of mistakes is left when it has.
func (c *client) rateNow() float64 {
	if c.now < -warmUp {
		return c.rate * learningShare
	}
	return c.rate
}

func (c *client) send(q *request, avoid int) {
	q.tries++
	instance, done, ok := c.Pick(avoid)
	if !ok {
		c.ended(q, true)
		return
	}
	b := c.backends[instance]
	c.picked(c.Zone, b)
	b.take(&call{q.work, func(a Answer) {
		c.After(c.scenario.RTT, func() { c.answered(q, b, a, done) })
	}})
}

func (c *client) answered(q *request, by *Backend, a Answer, done func(Answer)) {
	done(a)
	if a.Failed {
		c.broke(q)
		if q.tries < c.scenario.Tries {
			c.send(q, by.Number)
			return
		}
	}
	c.ended(q, a.Failed)
}
