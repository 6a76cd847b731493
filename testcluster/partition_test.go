package testcluster_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestCallsThroughAPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, 5, testcluster.WithService("echo", func(m *testcluster.Member) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, m.Name()) })
		}))
		c.AwaitConverged(time.Minute)
		m := c.Members[0]
		client := m.Client()
		for _, i := range m.View().Snapshot().Instances("echo") {
			r, err := client.Get("http://" + i.Address)
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
		}
		c.Cut(c.Members[:2], c.Members[2:])
		start := time.Now()
		c.AwaitViews(time.Minute, c.Members[:2], func(s *membership.Snapshot) bool { return len(s.Available("echo")) == 2 })
		t.Log(time.Since(start))
		c.Heal()
		start = time.Now()
		c.AwaitConverged(2 * time.Minute)
		t.Log(time.Since(start))
	})
}
