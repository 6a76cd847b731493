package testcluster_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func members(n int) func(*membership.Snapshot) bool {
	return func(s *membership.Snapshot) bool { return len(s.Members()) == n && s.Err() == nil }
}

func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := testcluster.Start(t, 10)
		c.AwaitViews(time.Minute, c.Members, members(10))
		t.Log("converged after", time.Since(start))
		start = time.Now()
		c.Kill(c.Members[3])
		c.AwaitViews(time.Minute, append(c.Members[:3:3], c.Members[4:]...), members(9))
		t.Log("dead after", time.Since(start))
		c.Close()
		time.Sleep(time.Minute)
	})
}
