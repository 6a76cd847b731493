package cluster_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// probe asks as m, and gives the answer that comes within a second, and how long it took.
func probe(t *testing.T, m *testcluster.Member, instance membership.Instance) (membership.ProbeAnswer, time.Duration) {
	t.Helper()
	answers, begun := make(chan membership.ProbeAnswer, 1), time.Now()
	id, err := m.View().Probe(instance, answers)
	if err != nil {
		t.Fatalf("probe of %s: %v", instance.Member, err)
	}
	select {
	case answer := <-answers:
		if answer.ID != id {
			t.Errorf("the answer is to %x, want %x", answer.ID, id)
		}
		return answer, time.Since(begun)
	case <-time.After(time.Second):
		t.Fatalf("%s does not answer", instance.Member)
		return membership.ProbeAnswer{}, 0
	}
}

func reportLoad(t *testing.T, m *testcluster.Member, load func() int64) {
	t.Helper()
	if err := m.ReportLoad("users", load); err != nil {
		t.Fatal(err)
	}
}

// oneTrip is how long a datagram takes there and back at most: what is on its way arrives in a slot of its path.
var oneTrip = 2 * (normal.Latency + time.Millisecond)

func twelve() int64 { return 12 }

// TestProbe holds that an answer takes one round trip, whether datagrams are sealed or not.
func TestProbe(t *testing.T) {
	for name, insecure := range map[string]bool{"sealed": false, "plain": true} {
		t.Run(name, func(t *testing.T) {
			virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				for _, name := range []string{"m1", "m2", "m3"} {
					config := named(name)
					config.Insecure = insecure
					c.Run(c.Network.Host(), config)
				}
				c.AwaitConverged(time.Minute)
				withUsers(t, c)
				asks, counts := c.Members[0], c.Members[1]
				reportLoad(t, counts, twelve)
				probe(t, asks, instanceOf(t, asks, "m2")) // they have met now
				if got, took := probe(t, asks, instanceOf(t, asks, "m2")); got.InFlight != 12 || !got.Known || took > oneTrip {
					t.Errorf("the answer is %+v after %v", got, took)
				}
				if got, _ := probe(t, asks, instanceOf(t, asks, "m3")); got.Known {
					t.Errorf("the answer of one who does not count is %+v", got)
				}
				if got, took := probe(t, counts, instanceOf(t, counts, "m2")); got.InFlight != 12 || !got.Known || took != 0 {
					t.Errorf("the answer to itself is %+v after %v", got, took)
				}
			})
		})
	}
}

func TestProbeOfNobody(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		gone := instanceOf(t, c.Members[0], "m2")
		gone.Boot.ID++
		for _, instance := range []membership.Instance{gone, {Member: "nobody"}} {
			if _, err := c.Members[0].View().Probe(instance, nil); err == nil || errors.Is(err, membership.ErrNoProbes) {
				t.Errorf("probe of %s: %v", instance.Member, err)
			}
		}
		other := instanceOf(t, c.Members[0], "m2")
		c.Members[0].Close()
		if _, err := c.Members[0].View().Probe(other, nil); !errors.Is(err, membership.ErrNoProbes) {
			t.Errorf("probe by a node that is closed: %v", err)
		}
	})
}

// TestProbeWhereDatagramsAreBlocked holds that probes and answers go by stream then.
func TestProbeWhereDatagramsAreBlocked(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		reportLoad(t, c.Members[1], twelve)
		blocked := normal
		blocked.NoDatagrams = true
		c.Network.SetNormal(blocked)
		asks, answers := c.Members[0], make(chan membership.ProbeAnswer, 1000)
		for range 1000 { // the members find out
			asks.View().Probe(instanceOf(t, asks, "m2"), answers)
			time.Sleep(10 * time.Millisecond)
		}
		if got, _ := probe(t, asks, instanceOf(t, asks, "m2")); got.InFlight != 12 {
			t.Errorf("the answer is %+v", got)
		}
	})
}

const kindLoadQuestion transport.Kind = 14

// TestSourceThatHangs has a source of load not return while probes come in thousands: nothing else in the member waits.
func TestSourceThatHangs(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		withUsers(t, c)
		asks, hangs := c.Members[0], c.Members[1]
		release := make(chan struct{})
		reportLoad(t, hangs, func() int64 { <-release; return 1 })
		answers := make(chan membership.ProbeAnswer, 10_000)
		for range 10_000 {
			asks.View().Probe(instanceOf(t, asks, "m2"), answers)
			time.Sleep(100 * time.Microsecond)
		}
		mustRegister(t, hangs, membership.Service{Name: "more", Address: "10.0.0.1:80"})
		c.AwaitConverged(prompt)
		time.Sleep(time.Minute)
		c.AwaitConverged(0) // nobody takes it for dead
		if dropped := hangs.Stats().Unhandled[kindLoadQuestion]; dropped < 9_000 {
			t.Errorf("%d probes are dropped, want all but those that may wait", dropped)
		}
		close(release)
		synctest.Wait()
		if got, _ := probe(t, asks, instanceOf(t, asks, "m2")); got.InFlight != 1 {
			t.Errorf("the answer is %+v", got)
		}
	})
}

func TestRunReportsItsLoad(t *testing.T) {
	virtual(t, 1, func(t *testing.T, c *testcluster.Cluster) {
		p := newProcess(t, c)
		offer := p.offer("users", &http.Server{Handler: http.HandlerFunc(hello)})
		offer.InFlight = twelve
		p.run(offering(offer))
		time.Sleep(settled)
		if got, _ := probe(t, c.Members[0], instanceOf(t, c.Members[0], "run")); got.InFlight != 12 || !got.Known {
			t.Errorf("the answer is %+v", got)
		}
		wantNil(t, p.ends(0))
	})
}
