package endpoint

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestSilentInstanceIsNotCalled(t *testing.T) {
	probing(t, map[string]int64{"a:80": 0, "b:80": 0, "c:80": 0}, func(_ *town, f *fleet, call Endpoint) {
		callFor(t, call, time.Millisecond, time.Second)
		f.set(func() { f.silent["a:80"] = true })
		callFor(t, call, time.Millisecond, 400*time.Millisecond)
		if f.timedOut()["a:80"] == 0 {
			t.Error("the node was not told")
		}
		if got := callFor(t, call, time.Millisecond, 10*time.Second); got["a:80"] != 0 || got["b:80"] == 0 || got["c:80"] == 0 {
			t.Errorf("calls went to %v, want none to the silent one", got)
		}
		f.set(func() { f.silent["a:80"] = false })
		callFor(t, call, time.Millisecond, longestSilent)
		if got := callFor(t, call, time.Millisecond, time.Second); got["a:80"] < 100 {
			t.Errorf("calls went to %v, want to all after it answers again", got)
		}
	})
}

// longestSilent is how long it takes at most until one that is silent is asked again.
const longestSilent = 5 * time.Second

// A process that was silent may have stopped counting.
func TestSilentInstanceThatAnswersNoLoad(t *testing.T) {
	probing(t, map[string]int64{"a:80": 0, "b:80": 0, "c:80": 0}, func(_ *town, f *fleet, call Endpoint) {
		callFor(t, call, time.Millisecond, time.Second)
		f.set(func() { f.silent["a:80"] = true })
		callFor(t, call, time.Millisecond, time.Second)
		f.set(func() { f.loads["a:80"], f.silent["a:80"] = -1, false })
		callFor(t, call, time.Millisecond, longestSilent)
		if got := callFor(t, call, time.Millisecond, time.Second); got["a:80"] < 100 {
			t.Errorf("calls went to %v, want to all after it answers again", got)
		}
	})
}

// Whether one that is silent is back must not be left to the lot: with many instances and few calls that takes long.
func TestSilentOneOfManyIsAskedAgain(t *testing.T) {
	probing(t, some(200), func(_ *town, f *fleet, call Endpoint) {
		callFor(t, call, 10*time.Millisecond, 10*time.Second)
		f.set(func() { f.silent["i0:80"] = true })
		callFor(t, call, 10*time.Millisecond, 5*time.Second)
		f.probes()
		callFor(t, call, time.Second, time.Minute)
		if asked, _ := f.probes(); asked["i0:80"] < 8 {
			t.Errorf("asked %d times in a minute, want every 5 s", asked["i0:80"])
		}
		f.set(func() { f.silent["i0:80"] = false })
		callFor(t, call, time.Second, longestSilent)
		f.probes()
		callFor(t, call, time.Second, time.Minute)
		if asked, _ := f.probes(); asked["i0:80"] > 2 {
			t.Errorf("asked %d times in a minute after it was back, want about once", asked["i0:80"])
		}
	})
}

// Datagrams are lost now and then; two in a row say nothing.
func TestLostProbesAreNoSilence(t *testing.T) {
	probing(t, map[string]int64{"a:80": 0, "b:80": 0, "c:80": 0}, func(_ *town, f *fleet, call Endpoint) {
		callFor(t, call, time.Millisecond, time.Second)
		for range 20 {
			f.set(func() { f.silent["a:80"] = true })
			callFor(t, call, time.Millisecond, 190*time.Millisecond)
			f.set(func() { f.silent["a:80"] = false })
			callFor(t, call, time.Millisecond, 200*time.Millisecond)
		}
		if got := f.timedOut(); len(got) > 0 {
			t.Errorf("the node was told that %v timed out", got)
		}
	})
}

// Who counts nothing is asked seldom, called as ever, and not suspected, whatever it told before.
func TestUnknownLoads(t *testing.T) {
	probing(t, map[string]int64{"a:80": -1, "b:80": -1, "c:80": 3}, func(_ *town, f *fleet, call Endpoint) {
		got := callFor(t, call, 10*time.Millisecond, time.Minute)
		asked, _ := f.probes()
		if asked["a:80"] > 7 || asked["b:80"] > 7 || asked["c:80"] < 1000 {
			t.Errorf("asked %v, want seldom where the load is not known", asked)
		}
		if got["a:80"] < 100 || got["b:80"] < 100 {
			t.Errorf("calls went to %v, want to all", got)
		}
		f.set(func() { f.loads["c:80"] = -1 })
		callFor(t, call, time.Millisecond, time.Second)
		f.set(func() { f.silent["c:80"] = true })
		if got := callFor(t, call, 10*time.Millisecond, time.Minute); got["c:80"] < 100 || len(f.timedOut()) > 0 {
			t.Errorf("calls went to %v, and %v timed out", got, f.timedOut())
		}
	})
}

// A member of a release that knows no probes never answers.
func TestOldReleasesAreLeftAlone(t *testing.T) {
	probing(t, some(4), func(_ *town, f *fleet, call Endpoint) {
		f.set(func() { clear(f.loads) })
		got := callFor(t, call, 100*time.Millisecond, 10*time.Minute)
		asked, _ := f.probes()
		for address, n := range asked {
			if n > 26 || got[address] < 100 {
				t.Errorf("asked %v times, called %v, want seldom and as ever", asked, got)
			}
		}
		if len(f.timedOut()) > 0 {
			t.Errorf("%v timed out", f.timedOut())
		}
	})
}

// A process that takes the place of another may know no probes, or count nothing.
func TestProbesOfAnotherLife(t *testing.T) {
	probing(t, map[string]int64{"a:80": 0, "b:80": 0}, func(town *town, f *fleet, call Endpoint) {
		callFor(t, call, time.Millisecond, time.Second)
		f.set(func() { f.silent["a:80"] = true })
		town.join("a") // a newer boot at the same address
		synctest.Wait()
		if got := callFor(t, call, time.Millisecond, 10*time.Second); got["a:80"] < 1000 || f.timedOut()["a:80"] != 0 {
			t.Errorf("calls went to %v, and %v timed out", got, f.timedOut())
		}
	})
}

// Round trips may be long, and become so.
func TestLongRoundTrips(t *testing.T) {
	probing(t, map[string]int64{"a:80": 0, "b:80": 0}, func(_ *town, f *fleet, call Endpoint) {
		for _, trip := range []time.Duration{70 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond, time.Millisecond, 250 * time.Millisecond} {
			f.set(func() { f.trip = trip })
			callFor(t, call, 5*time.Millisecond, 3*time.Second)
			f.set(func() { clear(f.reported) })
			if got := callFor(t, call, 5*time.Millisecond, 10*time.Second); len(f.timedOut()) > 0 || got["a:80"] < 200 || got["b:80"] < 200 {
				t.Errorf("with round trips of %v calls went to %v, and %v timed out", trip, got, f.timedOut())
			}
		}
	})
}
