package endpoint

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// reports collects what is reported to a node, as "a: timed out".
type reports struct {
	mu    sync.Mutex
	texts []string
}

func reportsOf(town *town) *reports {
	r := new(reports)
	town.OnReport(func(instance membership.Instance, evidence membership.Evidence) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.texts = append(r.texts, fmt.Sprintf("%s: %s", instance.Member, evidence))
	})
	return r
}

func (r *reports) check(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.texts, want) {
		t.Errorf("reported %q, want %q", r.texts, want)
	}
}

func read(err error) error { return &net.OpError{Op: "read", Net: "tcp", Err: err} }

func TestEvidence(t *testing.T) {
	const refused, reset, timedOut = "a: connection refused", "a: connection reset", "a: timed out"
	for name, tt := range map[string]struct {
		err  error
		want []string
	}{
		"refused":               {errRefused, []string{refused}},
		"refused, as of http":   {&url.Error{Op: "Get", URL: "http://a", Err: errRefused}, []string{refused}},
		"reset":                 {read(os.NewSyscallError("read", syscall.ECONNRESET)), []string{reset}},
		"broken pipe":           {read(os.NewSyscallError("write", syscall.EPIPE)), []string{reset}},
		"closed by the server":  {&url.Error{Op: "Get", URL: "http://a", Err: io.EOF}, []string{reset}},
		"closed in an answer":   {fmt.Errorf("body: %w", io.ErrUnexpectedEOF), []string{reset}},
		"deadline of a context": {fmt.Errorf("call: %w", context.DeadlineExceeded), []string{timedOut}},
		"deadline of the net":   {read(os.ErrDeadlineExceeded), []string{timedOut}},
		"time-out of the net":   {read(syscall.ETIMEDOUT), []string{timedOut}},

		"an application's error": {errBroken, nil},
		"no error":               {nil, nil},
		"a cancelled context":    {fmt.Errorf("call: %w", context.Canceled), nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users := newTown("a", "b"), newServers()
				reports := reportsOf(town)
				users.answer(fail(tt.err), "a:80")
				endpoint := plain(balancerOf(t, town, users, first))
				if _, err := endpoint(t.Context(), nil); err != tt.err {
					t.Errorf("call: %v, want %v", err, tt.err)
				}
				reports.check(t, tt.want...)
			})
		})
	}
}

// Whoever cancels a call tears its connection down, which may look like anything.
func TestCancelledCallIsNoEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a"), newServers()
		reports := reportsOf(town)
		endpoint := plain(balancerOf(t, town, users, first))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range []error{context.Canceled, io.EOF, read(syscall.ECONNRESET), errRefused, read(os.ErrDeadlineExceeded)} {
			users.answer(fail(err), "a:80")
			endpoint(ctx, nil)
			Retry(NewBalancer(endpointerOf(t, town, users.factory), first), PerTryTimeout(time.Second))(ctx, nil)
		}
		reports.check(t)
	})
}

func TestSilentInstancesAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a", "b", "c"), newServers()
		reports := reportsOf(town)
		users.answer(hang, "a:80", "b:80", "c:80")
		picks := balancerOf(t, town, users, first)
		Retry(picks, PerTryTimeout(time.Second), MaxAttempts(2))(t.Context(), nil)
		reports.check(t, "a: timed out", "b: timed out")

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		plain(picks)(ctx, nil)
		reports.check(t, "a: timed out", "b: timed out", "a: timed out")
	})
}

func TestReportHasTheInstanceAsItIsNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a"), newServers()
		users.answer(fail(errRefused), "a:80")
		endpoint := plain(balancerOf(t, town, users, first))
		town.edit("a", func(r *membership.Record) { r.Services[0].Weight = 7 })
		synctest.Wait()
		var got membership.Instance
		town.OnReport(func(instance membership.Instance, _ membership.Evidence) { got = instance })
		endpoint(t.Context(), nil)
		if want := town.View().Snapshot().Instances("users")[0]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("reported %+v, want %+v", got, want)
		}
	})
}

// TestASuspectThatAnswersIsFine holds that a call ends a suspicion, and that calls to those who are not suspected say nothing.
func TestASuspectThatAnswersIsFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, users := newTown("a"), newServers()
		reports := reportsOf(town)
		endpoint := plain(balancerOf(t, town, users, first))
		endpoint(t.Context(), nil)
		reports.check(t)
		boot := town.View().Snapshot().Instances("users")[0].Boot
		town.Apply(membership.Suspected{Name: "a", BootID: boot.ID})
		synctest.Wait()
		endpoint(t.Context(), nil)
		reports.check(t, "a: it answered a call")
	})
}
