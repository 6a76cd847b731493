package transport_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestWatch has somebody who is watched for a minute end in every way, sealed and not.
func TestWatch(t *testing.T) {
	for name, tt := range map[string]struct {
		ends  func(n *testcluster.Network, a, b *end, cancel context.CancelFunc)
		every time.Duration
		took  time.Duration // after the minute, at most
		right func(error) bool
	}{
		"killed": {func(_ *testcluster.Network, _, b *end, _ context.CancelFunc) { b.host.Crash() }, time.Second, 10 * time.Millisecond,
			func(err error) bool { return !transport.Silent(err) && !errors.Is(err, context.Canceled) }},
		"killed, seldom asked": {func(_ *testcluster.Network, _, b *end, _ context.CancelFunc) { b.host.Crash() }, 0, 10 * time.Millisecond,
			func(err error) bool { return !transport.Silent(err) }},
		"shut down": {func(_ *testcluster.Network, _, b *end, _ context.CancelFunc) { b.Shutdown() }, time.Second, 10 * time.Millisecond,
			func(err error) bool { return !transport.Silent(err) }},
		"vanished": {func(_ *testcluster.Network, _, b *end, _ context.CancelFunc) { b.host.Vanish() }, time.Second, 15 * time.Second, transport.Silent},
		"cut off": {func(n *testcluster.Network, a, b *end, _ context.CancelFunc) {
			n.Cut([]*testcluster.Host{a.host}, []*testcluster.Host{b.host})
		}, time.Second, 15 * time.Second, transport.Silent},
		"no longer wanted": {func(_ *testcluster.Network, _, _ *end, cancel context.CancelFunc) { cancel() }, time.Second, 0,
			func(err error) bool { return errors.Is(err, context.Canceled) }},
		"the watcher ends": {func(_ *testcluster.Network, a, _ *end, _ context.CancelFunc) { a.Shutdown() }, time.Second, 0,
			func(err error) bool { return errors.Is(err, net.ErrClosed) }},
	} {
		for kind, config := range map[string]func(string) transport.Config{"sealed": func(self string) transport.Config { return sealed(t, self) }, "plain": plain} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				town(t, func(t *testing.T, n *testcluster.Network) {
					a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					ended := make(chan error, 1)
					late := make(chan time.Time, 100)
					go func() {
						ended <- a.Watch(ctx, at(b, "b@1"), tt.every, 300*time.Millisecond, func() { late <- time.Now() })
					}()
					time.Sleep(time.Minute)
					select {
					case err := <-ended:
						t.Fatalf("it ended before: %v", err)
					default:
					}
					began := time.Now()
					tt.ends(n, a, b, cancel)
					if err := <-ended; err == nil || !tt.right(err) || time.Since(began) > tt.took {
						t.Errorf("%v after %v", err, time.Since(began))
					}
					if tt.took < time.Second && len(late) > 0 {
						t.Error("it was late")
					} else if tt.took > time.Second && (len(late) != 10 || (<-late).Sub(began) > 1300*time.Millisecond) {
						t.Errorf("late %d times, the first not within 1.3 s", len(late))
					}
				})
			})
		}
	}
}

// TestWatchIsLateBeforeItBegins has nobody answer the dial.
func TestWatchIsLateBeforeItBegins(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		b.host.Pause()
		began, late := time.Now(), make(chan time.Duration, 100)
		err := a.Watch(t.Context(), at(b, "b@1"), time.Second, 300*time.Millisecond, func() { late <- time.Since(began) })
		if !transport.Silent(err) || len(late) == 0 || <-late != 1300*time.Millisecond {
			t.Errorf("%v, and %d times late", err, len(late))
		}
	})
}

// TestWatchOutlastsAPause has the watched one answer again: the connection is kept.
func TestWatchOutlastsAPause(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		ctx, cancel := context.WithCancel(t.Context())
		ended, late := make(chan error, 1), make(chan struct{}, 100)
		go func() {
			ended <- a.Watch(ctx, at(b, "b@1"), time.Second, 300*time.Millisecond, func() { late <- struct{}{} })
		}()
		time.Sleep(time.Minute)
		for range 3 {
			b.host.Pause()
			time.Sleep(8 * time.Second)
			b.host.Resume()
			time.Sleep(time.Minute)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || len(late) == 0 {
			t.Errorf("%v, and %d times late", err, len(late))
		}
	})
}

func TestWatchOfNobody(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@2"))
		var refused *transport.RefusedError
		if err := a.Watch(t.Context(), at(b, "b@1"), time.Second, time.Second, func() {}); !errors.As(err, &refused) || refused.Reason != transport.ReasonName {
			t.Errorf("of an older boot: %v", err)
		}
		b.host.Crash()
		if err := a.Watch(t.Context(), at(b, "b@2"), time.Second, time.Second, func() {}); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("of nobody: %v", err)
		}
		if err := a.Knock(b.Address(), time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("knock where nobody is: %v", err)
		}
	})
}

// TestKnockSaysNothing knocks at a member, which neither warns nor counts a refusal.
func TestKnockSaysNothing(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		for range 100 {
			if err := a.Knock(b.Address(), time.Second); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		if said := b.log.String(); said != "" {
			t.Errorf("it says: %s", said)
		}
		for reason, count := range b.Stats().Refused {
			if count > 0 {
				t.Errorf("it counts %d as %q", count, reason)
			}
		}
	})
}
