package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	meanWork  = 10 * time.Millisecond // of a request; it is distributed exponentially
	aftermath = time.Second           // after the last request that counts. One that still waits then counts as if answered
	binWidth  = time.Second
	warmUp    = 2 * time.Second // until queues are as long as they will be

	learningShare = 0.25 // of the requests, before that
)

// Run is one run of a scenario.
type Run struct {
	*World
	scenario Scenario
	seed     uint64
	chance   *rand.Rand // of what happens to backends
	backends []*Backend
	clients  []*client
	pending  map[*request]struct{}
	err      error
	Result
}

// Do makes one run. It must be called in a bubble of testing/synctest, or takes as long as it says. The seed decides upon all but what
// the contender draws by lot itself: two contenders are sent the same requests at the same times.
func Do(s Scenario, c Contender, seed uint64) (Result, error) {
	r := newRun(s, seed, max(c.WarmUp, warmUp))
	defer r.close()
	for number := range s.Clients {
		if err := r.addClient(number, c); err != nil {
			return Result{}, fmt.Errorf("%s, client %d: %w", c.Name, number, err)
		}
	}
	r.tell()
	if s.Happen != nil {
		s.Happen(r)
	}
	for _, c := range r.clients {
		c.start()
	}
	r.run(s.Span + aftermath)
	for q := range r.pending {
		r.ended(q, false)
	}
	for _, b := range r.backends {
		r.waited(b)
	}
	return r.Result, r.err
}

func newRun(s Scenario, seed uint64, warmUp time.Duration) *Run {
	r := &Run{World: newWorld(warmUp), scenario: s, seed: seed, chance: rand.New(rand.NewPCG(seed, eventStream)),
		pending: make(map[*request]struct{}), Result: Result{Picks: make([]int, s.Backends+s.Spare)}}
	for range s.Span / binWidth {
		r.Bins = append(r.Bins, make([]int, s.Backends+s.Spare))
	}
	for i := range s.Backends + s.Spare {
		workers := s.workersOf(i)
		r.backends = append(r.backends, &Backend{World: r.World, workers: workers, speed: s.speedOf(i), listed: i < s.Backends, reports: newMeter(r.now),
			Instance: Instance{Number: i, Weight: 100 * workers / usualWorkers, Zone: s.zoneOf(i)}})
	}
	return r
}

func (r *Run) addClient(number int, by Contender) error {
	about := Client{Number: number, Of: r.scenario.Clients, Zone: r.scenario.zoneOf(number), Size: r.scenario.Subset,
		Ask: func(instance int) (int, bool) {
			n := r.backends[instance].inFlight.Load()
			return int(n), n >= 0
		}}
	c := newClient(r, about, r.scenario.rateOf(number))
	caller, err := by.New(r.World, about)
	if err != nil {
		return err
	}
	c.Caller = caller
	r.clients = append(r.clients, c)
	return nil
}

// tell has all clients know, at this moment, which backends are listed.
func (r *Run) tell() {
	var instances []Instance
	for _, b := range r.backends {
		if b.listed {
			instances = append(instances, b.Instance)
		}
	}
	for _, c := range r.clients {
		r.err = errors.Join(r.err, c.Update(instances))
	}
}

// wired has those who see connections see what became of one.
func (r *Run) wired(of func(Wired)) {
	for _, c := range r.clients {
		if w, ok := c.Caller.(Wired); ok {
			of(w)
		}
	}
}

func (r *Run) close() {
	for _, c := range r.clients {
		c.Close()
	}
}
