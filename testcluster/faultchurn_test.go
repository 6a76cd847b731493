package testcluster_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// usage is what the process has, garbage apart.
func usage() (heap uint64, goroutines int) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine()
}

// TestFault28_Churn restarts a member every 10 s for minutes, every other time under a new name.
func TestFault28_Churn(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	virtual(t, 5, func(t *testing.T, c *testcluster.Cluster) {
		churn := func(times int) {
			for i := range times {
				time.Sleep(10 * time.Second)
				if old := c.Members[0]; i%2 == 0 {
					c.RestartInPlace(old)
				} else {
					c.Replace(old, fmt.Sprintf("m%d", time.Now().Unix()))
				}
			}
			c.AwaitConverged(time.Minute)
		}
		churn(testcluster.Everyday(10, 20))
		heap, goroutines := usage()
		churn(testcluster.Everyday(30, 100))
		heapNow, goroutinesNow := usage()
		t.Logf("heap from %d to %d KiB, goroutines from %d to %d", heap>>10, heapNow>>10, goroutines, goroutinesNow)
		if heapNow > 2*heap || goroutinesNow > goroutines+20 {
			t.Errorf("heap grew from %d to %d bytes, goroutines from %d to %d", heap, heapNow, goroutines, goroutinesNow)
		}
	})
}
