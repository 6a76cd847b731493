package transport_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// bothWays runs test with everything sealed and with nothing.
func bothWays(t *testing.T, test func(t *testing.T, n *testcluster.Network, config func(self string) transport.Config)) {
	t.Helper()
	for name, config := range map[string]func(self string) transport.Config{
		"sealed": func(self string) transport.Config { return sealed(t, self) },
		"plain":  plain,
	} {
		t.Run(name, func(t *testing.T) {
			town(t, func(t *testing.T, n *testcluster.Network) { test(t, n, config) })
		})
	}
}

func TestSendByNameAndByAddress(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		send(t, a, at(b), "to whoever is there")
		send(t, a, at(b, "b@1"), "to b")
		time.Sleep(time.Second)
		send(t, b, at(a, "a@1"), "to a")
		time.Sleep(time.Second)
		got := b.messages()
		slices.Sort(got)
		if !slices.Equal(got, []string{"to b", "to whoever is there"}) || !slices.Equal(a.messages(), []string{"to a"}) {
			t.Errorf("b got %q, a got %q", got, a.messages())
		}
		want := "a@1"
		if config("x").Identity == nil {
			want = "" // nothing says who it is
		}
		if slices.ContainsFunc(b.who, func(who string) bool { return who != want }) {
			t.Errorf("b heard from %q, want %q", b.who, want)
		}
	})
}

// TestOneHandshakeForAPair holds that a pair shares its keys, both ways, and keeps no connection for them.
func TestOneHandshakeForAPair(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		for i := range 100 {
			send(t, a, at(b, "b@1"), fmt.Sprint(i))
		}
		time.Sleep(time.Second)
		for range 10 {
			send(t, b, at(a, "a@1"), "back")
			time.Sleep(time.Minute)
		}
		if s := a.Stats(); s.Handshakes != 1 || s.Sessions != 1 || s.Links != 0 || s.Failed != 0 {
			t.Errorf("%+v", s)
		}
		if len(a.messages()) != 10 {
			t.Errorf("a got %d messages, want 10", len(a.messages()))
		}
	})
}

func TestDeliver(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		large := strings.Repeat("x", transport.MaxMessage)
		for _, message := range []string{"small", large} {
			if err := a.Deliver(t.Context(), kindA, at(b, "b@1"), []byte(message)); err != nil {
				t.Errorf("deliver %d bytes: %v", len(message), err)
			}
		}
		time.Sleep(time.Second)
		if got := b.messages(); len(got) != 2 || got[1] != large {
			t.Errorf("b got %d messages", len(got))
		}
		if err := b.Deliver(t.Context(), kindA, at(a, "a@1"), []byte("back")); err != nil {
			t.Errorf("deliver back: %v", err)
		}
		if links := a.Stats().Links; links != 1 {
			t.Errorf("%d links, want one for both ways", links)
		}
		time.Sleep(time.Minute)
		if a.Stats().Links+b.Stats().Links != 0 {
			t.Error("a link that is not used is not let go")
		}
		if err := a.Deliver(t.Context(), kindA, at(b, "b@1"), []byte(large+"x")); err == nil {
			t.Error("a message that is too large is taken")
		}
		b.host.Crash()
		if err := a.Deliver(t.Context(), kindA, at(b, "b@1"), []byte("nobody")); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("deliver to nobody: %v", err)
		}
	})
}

// TestLargeGoesByStream sends what does not fit into a datagram.
func TestFault7_LargerGoesByStream(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		for _, size := range []int{transport.MaxDatagram, transport.MaxDatagram + 1, transport.MaxMessage} {
			send(t, a, at(b, "b@1"), strings.Repeat("x", size))
			time.Sleep(time.Second)
			if got := b.messages(); len(got) == 0 || len(got[len(got)-1]) != size {
				t.Errorf("a message of %d bytes did not arrive whole", size)
			}
		}
		if got := a.Stats().ByStream; got != 2 {
			t.Errorf("%d messages went by stream, want 2", got)
		}
		if err := a.Send(kindA, at(b), make([]byte, transport.MaxMessage+1)); err == nil {
			t.Error("a message that is too large is taken")
		}
	})
}

// TestAnotherBootIsNotMeant has the process at an address be replaced: what is for the old one does not reach the new one,
// whatever is for whoever is there does.
func TestAnotherBootIsNotMeant(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, old := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		send(t, a, at(old, "b@1"), "first")
		send(t, a, at(old), "first")
		time.Sleep(time.Second)
		next := openOn(t, n.HostAt(old.host.IP()), sealed(t, "b@2"))
		for range 5 { // the first makes the new one ask who it is
			send(t, a, at(next), "whoever")
			send(t, a, at(next, "b@1"), "the old one")
			time.Sleep(time.Second)
		}
		got := next.messages()
		if len(got) < 4 || slices.Contains(got, "the old one") {
			t.Errorf("the new one got %q", got)
		}
		err := a.Deliver(t.Context(), kindA, at(next, "b@1"), []byte("the old one"))
		var refused *transport.RefusedError
		if !errors.As(err, &refused) || refused.Reason != transport.ReasonName || !strings.Contains(err.Error(), "is b@2 now, not b@1") {
			t.Errorf("delivered to the old one: %v", err)
		}
	})
}

// TestForgottenKeys has a member lose its keys, as one that was restarted with the same identity would: the pair has new
// ones after the first datagram that cannot be read.
func TestForgottenKeys(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		send(t, a, at(b, "b@1"), "first")
		time.Sleep(time.Second)
		again := openOn(t, n.HostAt(b.host.IP()), sealed(t, "b@1"))
		send(t, a, at(b, "b@1"), "lost")
		time.Sleep(100 * time.Millisecond)
		send(t, a, at(b, "b@1"), "second")
		time.Sleep(100 * time.Millisecond)
		if got := again.messages(); !slices.Equal(got, []string{"second"}) || again.Stats().UnknownKey != 1 {
			t.Errorf("got %q; %+v", got, again.Stats())
		}
	})
}

// TestSlowHandler holds that no kind waits behind another, and that what waits for a slow one is bounded and counted.
func TestSlowHandler(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a := open(t, n, config("a@1"))
		host := n.Host()
		c := config("b@1")
		c.Network = host
		b, err := transport.New(c)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Shutdown()
		const depth = 3
		var fast, slow atomic.Int64
		b.Handle(kindA, 100, func(transport.From, []byte) { fast.Add(1) })
		b.Handle(kindB, depth, func(transport.From, []byte) {
			time.Sleep(time.Minute)
			slow.Add(1)
		})
		b.Start()
		to := transport.Address{Addr: b.Address()}
		a.Send(kindB, to, nil)
		time.Sleep(time.Second) // it is being handled
		for range 19 {
			a.Send(kindB, to, nil)
		}
		time.Sleep(time.Second)
		for range 20 {
			a.Send(kindA, to, nil)
		}
		time.Sleep(time.Second)
		if fast.Load() != 20 || b.Stats().Unhandled[kindB] != 20-1-depth {
			t.Errorf("%d of 20 were handled beside a slow kind, of which %d of 20 were dropped", fast.Load(), b.Stats().Unhandled[kindB])
		}
		time.Sleep(time.Hour)
		if slow.Load() != 1+depth {
			t.Errorf("%d of the slow kind were handled, want %d", slow.Load(), 1+depth)
		}
	})
}

// TestSendNeverWaits sends to a process that accepts and says nothing: what cannot be sent is bounded, the oldest go.
func TestSendNeverWaits(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, silent := open(t, n, sealed(t, "a@1")), n.Host()
		to := transport.Address{Addr: silent.Address().String()}
		began := time.Now()
		for i := range 1000 {
			if err := a.Send(kindA, to, []byte(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("sending took %v", waited)
		}
		synctest.Wait()
		if dropped := a.Stats().Unsent; dropped < 800 || dropped == 1000 {
			t.Errorf("%d of 1000 messages were dropped at once, want those that are too many", dropped)
		}
		time.Sleep(time.Minute)
		if s := a.Stats(); s.Unsent != 1000 || s.Failed > 2 {
			t.Errorf("%+v, want all 1000 dropped, after a handshake or two that nobody answered", s)
		}
	})
}

func TestShutdownIsWhole(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		silent := n.Host()
		send(t, a, at(b), "x")
		send(t, a, transport.Address{Addr: silent.Address().String()}, "waits for a handshake")
		delivered := make(chan error, 1)
		go func() {
			delivered <- a.Deliver(t.Context(), kindA, transport.Address{Addr: silent.Address().String()}, nil)
		}()
		time.Sleep(time.Millisecond)
		began := time.Now()
		for range 2 {
			if err := a.Shutdown(); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		}
		if err := <-delivered; err == nil {
			t.Error("a message was delivered to nobody")
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("Shutdown took %v", waited)
		}
		if err := a.Send(kindA, at(b), nil); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("send after Shutdown: %v", err)
		}
		if err := a.Deliver(t.Context(), kindA, at(b), nil); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("deliver after Shutdown: %v", err)
		}
		if _, err := a.Identify(t.Context(), b.Address(), time.Second); err == nil {
			t.Error("Identify after Shutdown")
		}
	})
}

func TestNewRefuses(t *testing.T) {
	n := testcluster.NewNetwork(1, testcluster.Link{})
	keyring, _ := transport.NewKeyring(secret)
	for name, config := range map[string]transport.Config{
		"no identity":          {},
		"a long one":           {Self: strings.Repeat("a", 129)},
		"a space":              {Self: "a b"},
		"an escape":            {Self: "a\x1b"},
		"TLS without anything": {Self: "a@1", Identity: &transport.TLS{}},
	} {
		config.Network = n.Host()
		if _, err := transport.New(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := transport.New(transport.Config{Self: "a@1", Network: n.Host(), Identity: keyring}); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.New(transport.Config{Self: "b@1", Network: n.Host(), Identity: keyring}); err == nil {
		t.Error("a keyring serves two members")
	}
}
