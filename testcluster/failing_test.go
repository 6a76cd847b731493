package testcluster_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// recorder is a testing.TB that may fail without failing the test.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	said     []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// run runs test as package testing would, cleanups included, and gives all that it said when it failed.
func (r *recorder) run(test func(testing.TB)) string {
	for _, f := range []func(){func() { test(r) }, r.cleanUp} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		<-done
	}
	return strings.Join(r.said, "\n")
}

func (r *recorder) cleanUp() {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

// failing runs test on virtual time and expects that it fails and says each of want.
func failing(t *testing.T, test func(testing.TB), want ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		said := (&recorder{TB: t}).run(test)
		for _, part := range want {
			if !strings.Contains(said, part) {
				t.Errorf("it said:\n%s\nand not %q", said, part)
			}
		}
	})
}

func TestAwaitConvergedSaysWhoLacksWhat(t *testing.T) {
	failing(t, func(tb testing.TB) {
		c := testcluster.Start(tb, 4)
		c.AwaitConverged(time.Minute)
		c.Cut(c.Members[:3], c.Members[3:])
		time.Sleep(time.Minute)
		c.AwaitConverged(time.Second)
	}, "not converged after 1s", "m1: lacks m4", "m2: lacks m4", "m3: lacks m4", "m4: membership: cut off from every peer")
}

func TestAwaitConvergedSaysWhoIsStillThere(t *testing.T) {
	failing(t, func(tb testing.TB) {
		c := testcluster.Start(tb, 3)
		c.AwaitConverged(time.Minute)
		c.Vanish(c.Members[2])
		c.AwaitConverged(time.Second)
	}, "m1: still has m3", "m2: still has m3")
}

func TestAwaitViewsSaysWhoseIsWrong(t *testing.T) {
	failing(t, func(tb testing.TB) {
		c := testcluster.Start(tb, 2)
		c.AwaitConverged(time.Minute)
		c.AwaitViews(time.Second, c.Members, func(s view) bool { return len(s.Members()) == 3 })
	}, "after 1s the view of m1 is not right", "m2 (boot")
}

func TestMemberThatCannotStart(t *testing.T) {
	failing(t, func(tb testing.TB) {
		testcluster.Start(tb, 1, testcluster.WithConfig(func(_ int, config *cluster.Config) { config.Name = "Not A Name" }))
	}, "start Not A Name: ", "member name")
}

func TestLeakIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(hangUntil)
		said := (&recorder{TB: t}).run(func(tb testing.TB) {
			c := testcluster.Start(tb, 2, testcluster.WithService("hanging", func(*testcluster.Member) http.Handler { return release }))
			c.AwaitConverged(time.Minute)
			address := c.Members[0].View().Snapshot().Addresses("hanging")[0]
			if _, err := get(within(t, time.Second), c.Members[1].Client(), address); err == nil {
				t.Error("a handler that hangs has answered")
			}
		})
		for _, want := range []string{"goroutines of the cluster still run 1m0s after its end", "hangUntil.ServeHTTP"} {
			if !strings.Contains(said, want) {
				t.Errorf("it said:\n%s\nand not %q", said, want)
			}
		}
		close(release)
	})
}

// hangUntil is a handler that does not notice that its caller has gone.
type hangUntil chan struct{}

func (h hangUntil) ServeHTTP(http.ResponseWriter, *http.Request) { <-h }
