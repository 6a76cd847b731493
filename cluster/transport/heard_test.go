package transport_test

import (
	"context"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestHeartbeatsAreNotHeard holds a monitored connection for a minute on which nothing comes but heartbeats. They are plain
// bytes, which anybody on the way can make, so they do not show that a member is heard.
func TestHeartbeatsAreNotHeard(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Watch(ctx, at(b, "b@1"), time.Second, 300*time.Millisecond, func() {}) }()
		time.Sleep(time.Minute)
		for side, end := range map[string]*end{"watcher": a, "watched": b} {
			if unheard := end.Unheard(); unheard < 50*time.Second {
				t.Errorf("the %s takes a heartbeat for a message: heard %v ago", side, unheard)
			}
		}
		cancel()
		<-ended
	})
}

// TestOwnMessagesAreNotHeard has a process send to itself, by datagram and by stream.
func TestOwnMessagesAreNotHeard(t *testing.T) {
	for name, config := range map[string]func(t *testing.T, self string) transport.Config{
		"sealed": sealed, "plain": func(_ *testing.T, self string) transport.Config { return plain(self) },
	} {
		t.Run(name, func(t *testing.T) {
			town(t, func(t *testing.T, n *testcluster.Network) {
				a := open(t, n, config(t, "a@1"))
				time.Sleep(time.Minute)
				for _, to := range []transport.Address{{Addr: a.Address()}, {Addr: a.Address(), Name: "a@1"}} {
					a.Send(1, to, []byte("hello"))
					time.Sleep(time.Second)
					a.Deliver(t.Context(), 1, to, []byte("hello"))
					time.Sleep(time.Second)
				}
				if unheard := a.Unheard(); unheard < time.Minute {
					t.Errorf("it takes itself for a member that it heard %v ago", unheard)
				}
			})
		})
	}
}

// TestProven holds at which addresses a member counts as proven.
func TestProven(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		if _, err := b.Identify(t.Context(), a.Address(), time.Second); err != nil {
			t.Fatal(err)
		}
		if found := a.Proven(b.Address()); found != "" {
			t.Errorf("it was dialled, and takes that for %q at the other address", found)
		}
		if found := b.Proven(a.Address()); found != "a@1" {
			t.Errorf("it dialled a@1, and found %q", found)
		}
		if _, err := a.Identify(t.Context(), a.Address(), time.Second); err != nil || a.Proven(a.Address()) != "" {
			t.Errorf("its own address counts, %v", err)
		}
	})
}
