package testcluster

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	leakLabel    = "grapevine-testcluster"
	leakPatience = time.Minute // memberlist's probes outlive its Shutdown by some seconds
	leakPoll     = 100 * time.Millisecond
	leakLooks    = 3 // in a row that find nothing: once, under the race detector, a look found none of six that were there
)

// leakCheck finds the goroutines of one cluster among all others: they carry a profiler label, which goroutines pass on
// to those that they start.
type leakCheck string

var leakChecks atomic.Int64

func newLeakCheck() leakCheck { return leakCheck(fmt.Sprintf("cluster-%d", leakChecks.Add(1))) }

// mark runs f so that what it starts is known to belong to the cluster.
func (l leakCheck) mark(f func()) {
	pprof.Do(context.Background(), pprof.Labels(leakLabel, string(l)), func(context.Context) { f() })
}

// report waits until the cluster's goroutines have ended, and fails t with the stacks of those that have not.
func (l leakCheck) report(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(leakPatience)
	for clean := 0; ; {
		left := l.left()
		if clean++; len(left) > 0 {
			clean = 0
		}
		if clean == leakLooks {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("goroutines of the cluster still run %v after its end:\n%s", leakPatience, strings.Join(left, "\n"))
			return
		}
		time.Sleep(leakPoll)
	}
}

// left gives the stacks of the goroutines that still run.
func (l leakCheck) left() (stacks []string) {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return []string{err.Error()}
	}
	label := fmt.Sprintf("%q:%q", leakLabel, string(l))
	for stack := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(stack, label) {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}
