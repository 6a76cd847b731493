package testcluster

import (
	"flag"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

var (
	largeN     = flag.Int("large.n", 30, "how many members TestLarge runs; a tenth of them crash")
	largePlain = flag.Bool("large.plain", false, "whether TestLarge goes without a secret, and so without a handshake for each pair")
)

// TestLarge boots a cluster, waits until every view is complete, crashes a tenth of it at once, and waits again. It is
// the benchmark of large clusters, too, and reports what they cost (a testing.B cannot have a bubble):
//
//	go test ./testcluster -run TestLarge -large.n=1000 -v -timeout 1h
func TestLarge(t *testing.T) {
	n := *largeN
	var boot, crash time.Duration
	var booted, ended runtime.MemStats
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := Start(t, n, WithConfig(func(_ int, config *cluster.Config) { config.Insecure = *largePlain }))
		c.AwaitConverged(10 * time.Minute)
		boot = time.Since(began)
		runtime.GC()
		runtime.ReadMemStats(&booted)

		began = time.Now()
		for range n / 10 {
			c.Kill(c.Members[n/2])
		}
		c.AwaitConverged(10 * time.Minute)
		crash = time.Since(began)
		runtime.ReadMemStats(&ended)
	})
	t.Logf("%d members: every view complete after %.1f s, without the %d that crashed after %.1f s more (virtual)", n,
		boot.Seconds(), n/10, crash.Seconds())
	t.Logf("in %.1f s, with %d MB from the system, and %d MB of live heap once booted (real)",
		time.Since(began).Seconds(), ended.Sys>>20, booted.HeapAlloc>>20)
}
