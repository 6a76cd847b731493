package endpoint

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// fleet stands for the node that probes, and for the instances, by their addresses.
type fleet struct {
	mu       sync.Mutex
	loads    map[string]int64 // a negative one is not known
	silent   map[string]bool
	trip     time.Duration // until the answer
	asked    map[string]int
	times    []time.Time // of all probes
	id       uint64
	reported map[string]int // that calls or probes timed out
}

func newFleet(town *town, loads map[string]int64) *fleet {
	f := &fleet{loads: loads, silent: make(map[string]bool), trip: time.Millisecond,
		asked: make(map[string]int), reported: make(map[string]int)}
	town.OnProbe(f.probe)
	town.OnReport(func(instance membership.Instance, evidence membership.Evidence) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if evidence == membership.TimedOut {
			f.reported[instance.Address]++
		}
	})
	return f
}

func (f *fleet) probe(instance membership.Instance, answers chan<- membership.ProbeAnswer) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.id++
	f.asked[instance.Address]++
	f.times = append(f.times, time.Now())
	load, known := f.loads[instance.Address]
	if known && !f.silent[instance.Address] {
		answer := membership.ProbeAnswer{ID: f.id, InFlight: max(load, 0), Known: load >= 0}
		time.AfterFunc(f.trip, func() { answers <- answer })
	}
	return f.id, nil
}

func (f *fleet) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// probes gives how often each was asked, since the last call, and how often all of them together.
func (f *fleet) probes() (asked map[string]int, all int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked, f.asked = f.asked, make(map[string]int)
	for _, n := range asked {
		all += n
	}
	return asked, all
}

// timedOut gives which instances the node was told of, and how often.
func (f *fleet) timedOut() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.reported)
}

// callFor calls once each interval and counts the calls by address.
func callFor(t *testing.T, endpoint Endpoint, interval, lasts time.Duration) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	for range lasts / interval {
		answer, err := endpoint(t.Context(), nil)
		if err != nil {
			t.Fatalf("call: %v", err)
		}
		counts[answer.(string)]++
		time.Sleep(interval)
	}
	return counts
}

// probing runs test on virtual time with instances of these loads and calls that go by them.
func probing(t *testing.T, loads map[string]int64, test func(town *town, f *fleet, call Endpoint), options ...BalancerOption) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		town := newTown()
		f := newFleet(town, loads)
		for _, address := range slices.Sorted(maps.Keys(loads)) {
			town.join(address[:len(address)-len(":80")])
		}
		b := NewBalancer(endpointerOf(t, town, newServers().factory), balancer.LeastRequest(), options...)
		synctest.Wait()
		call, err := b.Endpoint()
		if err != nil {
			t.Fatal(err)
		}
		test(town, f, call)
	})
}

// some are n instances that are all idle.
func some(n int) map[string]int64 {
	loads := make(map[string]int64)
	for i := range n {
		loads[fmt.Sprintf("i%d:80", i)] = 0
	}
	return loads
}

func TestProbesGoWithCallsAlone(t *testing.T) {
	probing(t, some(10), func(_ *town, f *fleet, call Endpoint) {
		time.Sleep(time.Hour)
		if asked, all := f.probes(); all != 0 {
			t.Errorf("asked %v without a call", asked)
		}
		callFor(t, call, time.Second, time.Second)
		time.Sleep(time.Hour)
		if asked, all := f.probes(); all != 3 || len(asked) != 3 {
			t.Errorf("asked %v with one call, want three different ones", asked)
		}
		callFor(t, call, time.Second, 100*time.Second)
		if asked, all := f.probes(); all != 300 || len(asked) != 10 {
			t.Errorf("asked %v with a hundred calls, want 300 in all", asked)
		}
	})
}

func TestProbesAreCapped(t *testing.T) {
	for name, tt := range map[string]struct {
		options []BalancerOption
		cap     int
	}{
		"by default": {nil, 500},
		"at 50":      {[]BalancerOption{Probes(50)}, 50},
		"at 1":       {[]BalancerOption{Probes(1)}, 1},
		"off":        {[]BalancerOption{Probes(0)}, 0},
		"below 0":    {[]BalancerOption{Probes(-1)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			probing(t, some(20), func(_ *town, f *fleet, call Endpoint) {
				callFor(t, call, 2*time.Millisecond, 10*time.Second)
				most := 0
				synctest.Wait()
				for i := range f.times { // within the second from each probe on
					end, _ := slices.BinarySearchFunc(f.times, f.times[i].Add(time.Second), time.Time.Compare)
					most = max(most, end-i)
				}
				if saved := max(3, tt.cap/10); tt.cap > 0 && most > tt.cap+saved || tt.cap == 0 && most > 0 {
					t.Errorf("%d probes in a second, want %d, and %d that were saved up", most, tt.cap, saved)
				}
				if _, all := f.probes(); all < 10*tt.cap*95/100 {
					t.Errorf("%d probes in 10 s, want %d a second", all, tt.cap)
				}
			}, tt.options...)
		})
	}
}

func TestCallsGoByReportedLoads(t *testing.T) {
	probing(t, map[string]int64{"a:80": 40, "b:80": 40, "c:80": 2, "d:80": 40}, func(_ *town, f *fleet, call Endpoint) {
		callFor(t, call, 10*time.Millisecond, time.Second)
		if got := callFor(t, call, 10*time.Millisecond, 10*time.Second); got["c:80"] < 600 {
			t.Errorf("calls went to %v, want mostly to the one that is least busy", got)
		}
	})
}

func TestNobodyProbesWithoutNeed(t *testing.T) {
	for name, tt := range map[string]struct {
		policy balancer.Policy
		loads  map[string]int64
	}{
		"round robin": {balancer.RoundRobin(), some(5)},
		"one alone":   {balancer.LeastRequest(), some(1)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town := newTown()
				f := newFleet(town, tt.loads)
				for address := range tt.loads {
					town.join(address[:len(address)-len(":80")])
				}
				b := NewBalancer(endpointerOf(t, town, newServers().factory), tt.policy)
				synctest.Wait()
				callFor(t, b.call, time.Millisecond, time.Second)
				if _, all := f.probes(); all != 0 {
					t.Errorf("%d probes", all)
				}
			})
		})
	}
}

func TestProberBeginsWhenThereIsAChoice(t *testing.T) {
	probing(t, some(1), func(town *town, f *fleet, call Endpoint) {
		callFor(t, call, time.Millisecond, time.Second)
		f.set(func() { f.loads["b:80"] = 0 })
		town.join("b")
		synctest.Wait()
		callFor(t, call, time.Millisecond, time.Second)
		if asked, _ := f.probes(); asked["i0:80"] < 100 || asked["b:80"] < 100 {
			t.Errorf("asked %v, want both", asked)
		}
	})
}

// That the prober has ended the bubble sees.
func TestProberEndsWithItsEndpointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a", "b")
		newFleet(town, map[string]int64{"a:80": 0, "b:80": 0})
		e := endpointerOf(t, town, newServers().factory)
		b := NewBalancer(e, balancer.LeastRequest())
		synctest.Wait()
		callFor(t, b.call, time.Millisecond, 10*time.Millisecond)
		e.Close()
		if _, err := NewBalancer(e, balancer.LeastRequest()).call(context.Background(), nil); err == nil {
			t.Error("a balancer over a closed endpointer calls")
		}
	})
}

func TestOptionsReachTheBalancer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a", "b"), newServers()
		users.answer(fail(errBroken), "a:80")
		b := NewBalancer(endpointerOf(t, town, users.factory), balancer.RoundRobin(), With(balancer.Eject(1)), With(balancer.SlowStart(0)))
		synctest.Wait()
		for range 10 {
			b.call(t.Context(), nil)
		}
		if got := users.called["a:80"]; got != 1 {
			t.Errorf("called %d times, want once until it is ejected", got)
		}
	})
}

// Instances come, go, fall silent, count nothing and do all of that at once, while callers call.
func TestProbesWhileInstancesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a", "b"), new(fragile)
		f := newFleet(town, map[string]int64{"a:80": 0, "b:80": -1, "x:80": 3, "y:80": 9})
		b := NewBalancer(endpointerOf(t, town, users.factory), balancer.LeastRequest(), Probes(100_000))
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		var work sync.WaitGroup
		work.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				address := string("abxy"[i%4]) + ":80"
				f.set(func() { f.silent[address], f.trip = i%3 == 0, time.Duration(i%5)*40*time.Millisecond })
				town.join("x", "y")
				time.Sleep(90 * time.Millisecond)
				town.leave("x", "y")
				time.Sleep(10 * time.Millisecond)
			}
		})
		for range hammerCallers {
			work.Go(func() {
				for ctx.Err() == nil {
					if _, err := b.call(ctx, nil); err != nil && ctx.Err() == nil {
						t.Errorf("call: %v", err)
						return
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		work.Wait()
		if asked, all := f.probes(); all < 1000 || len(asked) != 4 {
			t.Errorf("asked %v", asked)
		}
	})
}
