package testcluster_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault24_MassJoin starts thirty or sixty members at the same moment, the seeds among them.
func TestFault24_MassJoin(t *testing.T) {
	if testing.Short() {
		t.Skip("thirty members take some seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 0, plainEveryday()...)
		all, _ := startups(c, testcluster.Everyday(30, 60))
		for i := range all {
			all[i].config.Insecure = true // for the sake of the time that 435 or 1770 handshakes take
		}
		began := time.Now()
		together(t, c, all)
		c.AwaitConverged(afterHeal)
		t.Logf("a full view %v after the start", time.Since(began))
		defer throughout(t, c.Members, "lists everybody", lists(c.Members...))()
		time.Sleep(20 * time.Second)
	})
}
