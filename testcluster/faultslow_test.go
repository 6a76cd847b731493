package testcluster_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault5_Jitter holds that a link which is slow and uneven makes nobody flap.
func TestFault5_Jitter(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		defer throughout(t, c.Members, "lists everybody", lists(c.Members...))()
		c.Network.SetNormal(testcluster.Link{Latency: 50 * time.Millisecond, Jitter: 200 * time.Millisecond})
		time.Sleep(testcluster.Everyday(2*time.Minute, 5*time.Minute))
	})
}

// TestFault11_PausedProcess pauses for longer than SWIM's patience. It is harsher than a real SIGSTOP: the timers of the
// paused member run on, so that it gives up all others meanwhile.
func TestFault11_PausedProcess(t *testing.T) {
	for _, lasts := range []time.Duration{12 * time.Second, 40 * time.Second} {
		t.Run(lasts.String(), func(t *testing.T) {
			virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
				paused := c.Members[6]
				rest := except(c, paused)
				stop := throughout(t, rest, "lists everybody but the paused one", lists(rest...))
				c.Pause(paused)
				c.AwaitViews(lasts, rest, lacks(paused.Name()))
				time.Sleep(lasts)
				stop() // see TestFault4_NobodyElseIsRemoved
				c.Resume(paused)
				began := time.Now()
				c.AwaitViews(afterHeal, rest, lists(paused))
				t.Logf("back %v after it was resumed", time.Since(began))
				c.AwaitConverged(afterHeal)
			})
		})
	}
}

// TestFault12_StarvedProcess has one member hear everything seconds late, as a process does that gets no CPU: its probes
// time out, and nobody may be removed because of it.
func TestFault12_StarvedProcess(t *testing.T) {
	virtual(t, 10, func(t *testing.T, c *testcluster.Cluster) {
		starved := c.Members[5]
		rest := except(c, starved)
		defer throughout(t, rest, "lists everybody but the starved one", lists(rest...))()
		for _, m := range rest {
			c.Network.SetLink(m.Host, starved.Host, testcluster.Link{Latency: 2 * time.Second, Jitter: time.Second})
		}
		time.Sleep(testcluster.Everyday(2*time.Minute, 5*time.Minute))
	})
}
