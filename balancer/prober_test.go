package balancer

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// instanceNamed is the instance of an item.
func instanceNamed(key string) membership.Instance {
	return membership.Instance{Member: key, Boot: membership.Boot{Number: 1, ID: 7}}
}

func TestPokesDoNotAllocate(t *testing.T) {
	p := NewProber(New[string](LeastRequest()), nil, 500, instanceNamed)
	p.on.Store(true)
	if allocations := testing.AllocsPerRun(1000, p.Poke); allocations != 0 {
		t.Errorf("%v allocations, want 0", allocations)
	}
}

// Where no node is behind the view the first call finds it out, and Run ends.
func TestRunEndsWithoutANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalancer(LeastRequest(), equalItems("a", "b"))
		p, done := NewProber(b, membership.NewStore("me").View(), 500, instanceNamed), make(chan struct{})
		go func() {
			defer close(done)
			p.Run(t.Context())
		}()
		synctest.Wait()
		if !p.on.Load() {
			t.Error("it does not run")
		}
		p.Poke()
		<-done
		p.Poke()
		if len(p.pokes) > 0 || p.on.Load() {
			t.Error("it goes on")
		}
	})
}

func TestRunForNoProbes(t *testing.T) {
	for _, perSecond := range []int{0, -1} {
		b := newBalancer(LeastRequest(), equalItems("a", "b"))
		NewProber(b, membership.NewStore("me").View(), perSecond, instanceNamed).Run(t.Context())
	}
}

func TestTimeoutGoesByRoundTrips(t *testing.T) {
	for name, tt := range map[string]struct {
		trips       []time.Duration // in ms, one after the other
		least, most time.Duration
	}{
		"none yet":  {nil, 1000, 1000},
		"short":     {[]time.Duration{0, 1, 1}, 100, 100},
		"first":     {[]time.Duration{60}, 180, 180},
		"even":      {slices.Repeat([]time.Duration{200}, 40), 200, 210},
		"uneven":    {slices.Repeat([]time.Duration{50, 150}, 40), 280, 320},
		"very long": {slices.Repeat([]time.Duration{5000}, 40), 1000, 1000},
		"grown":     {append(slices.Repeat([]time.Duration{1}, 40), 400), 400, 600},
	} {
		t.Run(name, func(t *testing.T) {
			var one probed
			for _, trip := range tt.trips {
				one.tripTook(trip * time.Millisecond)
			}
			if got := one.timeout(); got < tt.least*time.Millisecond || got > tt.most*time.Millisecond {
				t.Errorf("%v, want %d to %d ms", got, tt.least, tt.most)
			}
		})
	}
}

// A process that stood still itself has no reason to suspect others.
func TestTimeoutsOfOneWhoStoodStill(t *testing.T) {
	store, id := membership.NewStore("me"), uint64(0)
	store.OnProbe(func(membership.Instance, chan<- membership.ProbeAnswer) (uint64, error) {
		id++
		return id, nil
	})
	p := NewProber(New[string](LeastRequest()), store.View(), 500, instanceNamed)
	now := time.Now()
	one := &probed{tells: true, trip: time.Millisecond}
	p.ask(one, now)
	late := now.Add(10 * time.Second)
	p.tick(now.Add(probeTick), late)
	if one.missed != 0 || one.flight == nil {
		t.Errorf("%d missed after 10 s in which it stood still", one.missed)
	}
	late = late.Add(leastTimeout + probeTick)
	p.answers <- membership.ProbeAnswer{ID: id, Known: true}
	p.tick(late, late)
	if one.missed != 0 || one.flight != nil {
		t.Errorf("%d missed although the answer waits", one.missed)
	}
	p.ask(one, late)
	late = late.Add(longestTimeout + probeTick)
	p.tick(late, late)
	if one.missed != 1 {
		t.Errorf("%d missed, want 1", one.missed)
	}
}
