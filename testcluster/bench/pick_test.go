//go:build unix

package main

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
)

const (
	pickRounds = 40
	pickRound  = time.Millisecond // short, so that some are not disturbed on a busy machine
	pickKeys   = 64               // that the calls of keyed rivals have: grpc's ring_hash dials a backend when a key asks for it, which takes it long
	pickTries  = 5
	pickParts  = 10 // of a round, with a report before each
)

// TestPickFigures prints the rows of -what pick.
func TestPickFigures(t *testing.T) {
	askedSizes(t) // are not those
	printRows(t, pickFigures(t, pickEffort{pickSizes, *virtualRuns, pickRounds, pickRound}))
}

// contender is a rival with a set, ready to be measured.
type contender struct {
	maker
	rival
	n      int
	calls  []call // one after the other
	result result
	feed   probed // reports are to be fed to
	*figures
}

// pickFigures measures all rivals in turn, so that what disturbs hits them alike.
func pickFigures(t *testing.T, e pickEffort) (rows []Row) {
	for _, n := range e.sizes {
		contenders := contendersOf(t, n)
		runtime.GC()
		for range e.runs {
			measurePicks(contenders, e)
		}
		for _, c := range contenders {
			c.add(metricAllocations, "count", c.allocations())
			c.close()
			rows = append(rows, c.rows()...)
		}
	}
	return rows
}

func contendersOf(t *testing.T, n int) (contenders []*contender) {
	add := func(m maker, name string, change func(*contender)) {
		began := time.Now()
		c := &contender{maker: m, rival: startRival(t, m), n: n, calls: []call{newCall("")}, figures: newFigures("pick", system{name: name}, n)}
		setTo(t, c, manyBackends(n))
		if change(c); m.keyed {
			c.calls = keyedCalls(t, c)
		}
		t.Logf("%s, n=%d: made within %v", name, n, time.Since(began))
		contenders = append(contenders, c)
	}
	add(maker{make: func(setup) (rival, error) { return nobody{}, nil }}, harness, func(*contender) {})
	for _, m := range makers {
		if m.most > 0 && n > m.most {
			continue
		}
		add(m, m.name, func(*contender) {})
		switch m.name {
		case "LeastRequest":
			add(m, m.name+pickReports, func(c *contender) { c.feed = c.rival.(probed) })
		case "grpc weighted_round_robin":
			add(m, m.name+pickReports, func(c *contender) { c.result.load = newLoad(100, 0, 0.5) })
		}
	}
	return contenders
}

func manyBackends(n int) []backend {
	backends := make([]backend, n)
	for i := range backends {
		backends[i] = backend{id: i, key: fmt.Sprintf("10.0.%d.%d:80", i/250, i%250), weight: 100}
	}
	return backends
}

// keyedCalls waits until each has a backend.
func keyedCalls(t *testing.T, c *contender) (calls []call) {
	for i := range pickKeys {
		one := newCall(fmt.Sprint("key ", i))
		for until := time.Now().Add(settlePatience); ; {
			if picked, ok := c.pick(one); ok {
				c.done(picked, result{})
				break
			}
			if time.Now().After(until) {
				t.Fatalf("%s, n=%d: nothing is picked for %s", c.maker.name, c.n, one.key)
			}
		}
		calls = append(calls, one)
	}
	return calls
}

// nobody is a rival that does not pick.
type nobody struct{}

func (nobody) update([]backend) error   { return nil }
func (nobody) pick(call) (ticket, bool) { return ticket{id: 1}, true }
func (nobody) done(ticket, result)      {}
func (nobody) close()                   {}

// way is one of those in which a contender is measured.
type way struct {
	scenario string
	workers  int
	picks    func(int) // in a loop
}

func (c *contender) ways() (ways []way) {
	all := runtime.GOMAXPROCS(0)
	ways = []way{{pickSerial, 1, c.picks}}
	if !c.serial {
		ways = append(ways, way{pickParallel, all, c.picks})
	}
	if ours, ok := c.rival.(*ourRival); ok {
		direct := func(picks int) { picksDirectly(ours.Balancer, c.calls, picks) }
		ways = append(ways, way{pickSerial + pickDirect, 1, direct}, way{pickParallel + pickDirect, all, direct})
	}
	return ways
}

func measurePicks(contenders []*contender, e pickEffort) {
	best := make(map[*contender]map[string]float64)
	for range e.rounds {
		for _, c := range contenders {
			if best[c] == nil {
				best[c] = make(map[string]float64)
			}
			for _, w := range c.ways() {
				if took, ok := c.tried(w, e.round); ok && (best[c][w.scenario] == 0 || took < best[c][w.scenario]) {
					best[c][w.scenario] = took
				}
			}
		}
	}
	for _, c := range contenders {
		for _, w := range c.ways() {
			if took := best[c][w.scenario]; took > 0 {
				c.addIn(w.scenario, metricPick, "ns", took)
			}
		}
	}
}

// tried measures until all of several workers had a processor all the time, or gives up.
func (c *contender) tried(w way, d time.Duration) (took float64, ok bool) {
	part := c.prepare(w, d)
	for range pickTries {
		if took, ok = c.time(w, part); ok {
			break
		}
	}
	return took, ok
}

// time has workers pick at the same time, and gives nanoseconds for each pick of all of them.
func (c *contender) time(w way, part int) (each float64, together bool) {
	var work sync.WaitGroup
	var ready atomic.Int32
	began, cpu := time.Now(), cpuTime()
	for range w.workers {
		work.Go(func() {
			if ready.Add(1) == int32(w.workers) {
				began, cpu = time.Now(), cpuTime()
				ready.Add(1)
			}
			for ready.Load() <= int32(w.workers) {
				runtime.Gosched() // on its processor all the same, as there is nothing else to run
			}
			c.round(w, part)
		})
	}
	work.Wait()
	took := time.Since(began)
	together = w.workers == 1 || cpuTime()-cpu > took*time.Duration(w.workers)*9/10
	return float64(took) / float64(w.workers*pickParts*part), together
}

func (c *contender) round(w way, part int) {
	for i := range pickParts {
		if c.feed != nil {
			c.feed.report(i%c.n, int64(i%4))
		}
		w.picks(part)
	}
}

// prepare gives how many picks there are to be in each part.
func (c *contender) prepare(w way, d time.Duration) (part int) {
	if c.feed != nil {
		for id := range c.n {
			c.feed.report(id, int64(id%4))
		}
	}
	return c.warm(w, d) / pickParts
}

// warm picks until caches hold the set, within reason, and gives how many picks take about d.
func (c *contender) warm(w way, d time.Duration) (picks int) {
	const step = 200
	began := time.Now()
	for picks < 10*c.n && (picks == 0 || time.Since(began) < 20*d) {
		w.picks(step)
		picks += step
	}
	each := time.Since(began) / time.Duration(picks)
	return max(int(d/max(each, 1)), pickParts)
}

func (c *contender) picks(picks int) {
	next := 0
	for range picks {
		one, _ := c.pick(c.calls[next])
		c.done(one, c.result)
		if next++; next == len(c.calls) {
			next = 0
		}
	}
}

// picksDirectly is what a program would do, without the rival's interface.
func picksDirectly(b *balancer.Balancer[int], calls []call, picks int) {
	if len(calls) == 1 {
		for range picks {
			_, token, _ := b.Pick()
			b.Done(token, balancer.Success)
		}
		return
	}
	for i := range picks {
		_, token, _ := b.PickFor(balancer.Choice[int]{Key: calls[i%len(calls)].key})
		b.Done(token, balancer.Success)
	}
}

// allocations are those of a pick and its done, the least of a few rounds, as some rivals also allocate by themselves.
func (c *contender) allocations() float64 {
	const picks, rounds = 10_000, 5
	least := math.Inf(1)
	for range rounds {
		least = min(least, testing.AllocsPerRun(1, func() { c.picks(picks) })/picks)
	}
	return math.Round(least*10) / 10
}

func TestPickHasARow(t *testing.T) {
	rows := pickFigures(t, pickEffort{[]int{10}, 1, 1, 100 * time.Microsecond})
	got := make(map[string]bool)
	for _, r := range rows {
		got[r.System+"/"+r.Metric+"/"+r.Scenario] = true
	}
	for _, m := range makers {
		for _, wanted := range []string{"/pick/serial", "/allocations/"} {
			if !got[m.name+wanted] {
				t.Errorf("no row for %s%s", m.name, wanted)
			}
		}
	}
	for _, name := range pickNames() {
		if !got[name+"/pick/serial, direct"] {
			t.Errorf("no direct row for %s", name)
		}
	}
}
