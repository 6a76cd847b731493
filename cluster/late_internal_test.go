package cluster

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// lateHost is a network of a process that is late. Connections that it opens are closed at once, or never answered.
type lateHost struct {
	nowhere
	lag    time.Duration
	silent bool

	mu    sync.Mutex
	dials []time.Time
}

func (h *lateHost) Lag() time.Duration { return h.lag }

func (h *lateHost) DialAddressTimeout(_ Address, timeout time.Duration) (net.Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dials = append(h.dials, time.Now())
	here, there := net.Pipe()
	if h.silent {
		go io.Copy(io.Discard, there) // until here is closed
	} else {
		there.Close()
	}
	return here, nil
}

// onLate runs test with an idle node on such a host.
func onLate(t *testing.T, h *lateHost, test func(t *testing.T, n *Node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := idleNodeOn(t, h, zerolog.Nop())
		test(t, n)
		n.cancel()
		n.list.Shutdown()
		time.Sleep(time.Minute) // for memberlist
	})
}

// TestFault60_NoWeakProbes suspects a member in a process that is late, and in one that is not.
func TestFault60_NoWeakProbes(t *testing.T) {
	for _, tt := range []struct {
		lag    time.Duration
		weak   bool
		probed bool
	}{
		{0, true, true}, {0, false, true}, {60 * time.Millisecond, true, true}, {61 * time.Millisecond, true, false}, {time.Second, false, true},
	} {
		t.Run(fmt.Sprintf("%v late, weak %v", tt.lag, tt.weak), func(t *testing.T) {
			h := &lateHost{lag: tt.lag}
			onLate(t, h, func(t *testing.T, n *Node) {
				a := identity{"a", 1}
				n.push.add(a, "10.0.0.7:7946", 1)
				n.watch.suspect(a, suspicion{why: "test", weak: tt.weak})
				n.watch.mu.Lock()
				probed := n.watch.under[a]
				n.watch.mu.Unlock()
				if probed != tt.probed {
					t.Errorf("probed %v, want %v", probed, tt.probed)
				}
			})
		})
	}
}

// TestFault60_StrainedJudgesNobody holds each outcome of a probe against a process that is late. Proof counts all the same.
func TestFault60_StrainedJudgesNobody(t *testing.T) {
	h := new(lateHost)
	onLate(t, h, func(t *testing.T, n *Node) {
		for found, late := range map[verdict]verdict{blind: blind, silent: blind, absent: blind, alive: alive, dead: dead} {
			h.lag = 0
			if got := n.watch.judge(found); got != found {
				t.Errorf("on time, %v becomes %v", found, got)
			}
			h.lag = 100 * time.Millisecond
			if got := n.watch.judge(found); got != late {
				t.Errorf("late, %v becomes %v, want %v", found, got, late)
			}
		}
	})
}

// TestFault60_StretchedPatience times a look at a member that does not answer.
func TestFault60_StretchedPatience(t *testing.T) {
	for lag, want := range map[time.Duration]time.Duration{
		0: time.Second, 14 * time.Millisecond: time.Second, 20 * time.Millisecond: 1200 * time.Millisecond, 100 * time.Millisecond: 2 * time.Second,
	} {
		t.Run(lag.String(), func(t *testing.T) {
			onLate(t, &lateHost{lag: lag, silent: true}, func(t *testing.T, n *Node) {
				began := time.Now()
				n.watch.lookAt(identity{"a", 1}, Address{Addr: "10.0.0.7:7946"}, false, nil)
				if took := time.Since(began); took != want {
					t.Errorf("it took %v, want %v", took, want)
				}
			})
		})
	}
}

// TestFault60_RedialSchedule has each authenticated probe break, or run into its time-out.
func TestFault60_RedialSchedule(t *testing.T) {
	for name, tt := range map[string]struct {
		host *lateHost
		want []time.Duration // from one dial to the next
	}{
		"broken":       {new(lateHost), []time.Duration{20 * time.Millisecond, 200 * time.Millisecond}},
		"broken, late": {&lateHost{lag: 15 * time.Millisecond}, []time.Duration{170 * time.Millisecond, 350 * time.Millisecond}},
		"timed out":    {&lateHost{silent: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			onLate(t, tt.host, func(t *testing.T, n *Node) {
				if found := n.watch.identify(t.Context(), &inquiry{id: identity{"a", 1}, dials: newBudget()}, Address{Addr: "10.0.0.7:7946"}); found != silent {
					t.Errorf("found %v", found)
				}
				var got []time.Duration
				for i, at := range tt.host.dials[1:] {
					got = append(got, at.Sub(tt.host.dials[i]))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("dials %v apart, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestProbeDialsAreBounded makes more dials than there may be, at a time and within a second.
func TestProbeDialsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget()
		count := func(n int, dial func() error) (made int) {
			for range n {
				if b.spend(dial) == nil {
					made++
				}
			}
			return made
		}
		var work sync.WaitGroup
		end := make(chan struct{})
		for range mostProbeDials {
			work.Go(func() { b.spend(func() error { <-end; return nil }) })
		}
		synctest.Wait()
		if made := count(10, func() error { return nil }); made != 0 {
			t.Errorf("%d beside %d that are open", made, mostProbeDials)
		}
		close(end)
		work.Wait()
		if made := count(1000, func() error { return nil }); made != int(probeDials.AtOnce)-mostProbeDials {
			t.Errorf("%d more at once", made)
		}
		time.Sleep(time.Second)
		if made := count(1000, func() error { return nil }); made != int(probeDials.EachSecond) {
			t.Errorf("%d a second later", made)
		}
	})
}
