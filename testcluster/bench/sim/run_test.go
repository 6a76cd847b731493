package sim

import (
	"math"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

func do(t *testing.T, s Scenario, c Contender, seed uint64) (result Result) {
	synctest.Test(t, func(t *testing.T) {
		var err error
		if result, err = Do(s, c, seed); err != nil {
			t.Fatal(err)
		}
	})
	return result
}

// TestOneBackendIsErlangC holds an M/M/4 queue against A. K. Erlang's formula.
func TestOneBackendIsErlangC(t *testing.T) {
	for _, load := range []float64{0.5, 0.8} {
		s := Scenario{Backends: 1, Clients: 5, Load: load, Span: 300 * time.Second}
		var wait float64
		const seeds = 4
		for seed := range uint64(seeds) {
			got := do(t, s, theOne, seed)
			wait += (got.Latency.Mean() - meanWork).Seconds() / seeds
		}
		want := erlangC(usualWorkers, usualWorkers*load) * meanWork.Seconds() / usualWorkers / (1 - load)
		if math.Abs(wait-want) > 0.05*(want+meanWork.Seconds()) {
			t.Errorf("load %v: waits %.2f ms in the mean, want %.2f", load, 1000*wait, 1000*want)
		}
	}
}

// erlangC is the probability that a request has to wait.
func erlangC(workers int, offered float64) float64 {
	term, sum := 1.0, 0.0
	for i := range workers {
		sum += term
		term *= offered / float64(i+1)
	}
	last := term / (1 - offered/float64(workers))
	return last / (sum + last)
}

func TestSameSeedSameResult(t *testing.T) {
	s := Scenario{Backends: 5, Clients: 3, Load: 0.8, Span: 5 * time.Second, RTT: time.Millisecond}
	first, again, other := do(t, s, ofTwo, 1), do(t, s, ofTwo, 1), do(t, s, ofTwo, 2)
	if !reflect.DeepEqual(first, again) {
		t.Errorf("first %+v, then %+v", first.Latency, again.Latency)
	}
	if reflect.DeepEqual(first, other) {
		t.Error("another seed made no difference")
	}
}

// recorded notes what its contender is asked.
type recorded struct {
	Caller
	world *World
	at    *[]time.Duration
}

func (r recorded) Pick(avoid int) (int, func(Answer), bool) {
	if r.world.Now() >= 0 {
		*r.at = append(*r.at, r.world.Now())
	}
	return r.Caller.Pick(avoid)
}

func record(c Contender, at *[]time.Duration) Contender {
	start := c.New
	c.New = func(w *World, about Client) (Caller, error) {
		caller, err := start(w, about)
		return recorded{caller, w, at}, err
	}
	return c
}

// heard is a Caller that keeps the last load that it was told, while the run warms up.
type heard struct {
	Caller
	world *World
	last  *Load
}

func (h heard) Pick(avoid int) (int, func(Answer), bool) {
	instance, done, ok := h.Caller.Pick(avoid)
	return instance, func(a Answer) {
		if h.world.Now() < 0 {
			*h.last = a.Load
		}
		done(a)
	}, ok
}

func TestAnswersCarryTheLoad(t *testing.T) {
	s := Scenario{Backends: 1, Clients: 2, Load: 0.5, Workers: []int{1000}}
	var got Load
	do(t, s, Contender{New: func(w *World, about Client) (Caller, error) {
		caller, err := theOne.New(w, about)
		return heard{caller, w, &got}, err
	}}, 1)
	if math.Abs(got.Utilization-0.5) > 0.02 || math.Abs(got.Rate-50_000) > 2000 {
		t.Errorf("load %+v, want 0.5 at 50000 a second", got)
	}
}

// TestAllAreSentTheSame compares two rules, of which one warms up for longer.
func TestAllAreSentTheSame(t *testing.T) {
	s := Scenario{Backends: 5, Clients: 3, Load: 0.8, Span: 5 * time.Second}
	var one, other []time.Duration
	long := roundRobin
	long.WarmUp = 7 * time.Second
	do(t, s, record(ofTwo, &one), 1)
	do(t, s, record(long, &other), 1)
	if len(one) < 1000 || !reflect.DeepEqual(one, other) {
		t.Errorf("%d and %d requests are not the same", len(one), len(other))
	}
}

func TestAnswersTakeTheirWay(t *testing.T) {
	s := Scenario{Backends: 5, Clients: 1, Load: 0.02, Span: 20 * time.Second}
	near := do(t, s, roundRobin, 1)
	s.RTT = 5 * time.Millisecond
	far := do(t, s, roundRobin, 1)
	if way := far.Latency.Mean() - near.Latency.Mean(); way != s.RTT {
		t.Errorf("answers take %v longer, want %v", way, s.RTT)
	}
}

// TestWhatStillWaitsCounts with all that it has waited so far.
func TestWhatStillWaitsCounts(t *testing.T) {
	s := Scenario{Backends: 1, Clients: 1, Load: 3, Span: 4 * time.Second}
	got := do(t, s, theOne, 1)
	if got.Latency.Count() != got.Requests || got.Latency.Percentile(100) < 4*time.Second {
		t.Errorf("of %d requests %d are counted, the slowest with %v", got.Requests, got.Latency.Count(), got.Latency.Percentile(100))
	}
}

func TestTwoChoicesAreAheadOfTurns(t *testing.T) {
	s := Scenario{Backends: 50, Clients: 1, Load: 0.9, Span: 5 * time.Second}
	turns, two := do(t, s, roundRobin, 1), do(t, s, ofTwo, 1)
	if two.Latency.Percentile(99) > turns.Latency.Percentile(99)*8/10 {
		t.Errorf("p99 %v, in turns %v", two.Latency.Percentile(99), turns.Latency.Percentile(99))
	}
}
