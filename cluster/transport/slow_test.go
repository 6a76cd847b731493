package transport_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestPausedPeersDelayNobody has a hundred peers whose hosts accept connections while their processes are stopped.
func TestPausedPeersDelayNobody(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, healthy := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "healthy@1"))
		for range 100 {
			paused := n.Host()
			paused.Pause()
			send(t, a, transport.Address{Addr: paused.Address().String()}, "x")
		}
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		if err := a.Deliver(t.Context(), kindA, at(healthy, "healthy@1"), []byte("x")); err != nil || time.Since(began) > time.Second {
			t.Errorf("delivered to a healthy peer after %v: %v", time.Since(began), err)
		}
		time.Sleep(time.Minute)
	})
}

// TestFault56_HalfHandshakesDelayNobody has a hundred peers accept connections, say the first byte of their answer, and stall.
func TestFault56_HalfHandshakesDelayNobody(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, healthy := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "healthy@1"))
		const tlsHandshake = 22
		for range 100 {
			stalls := n.Host()
			go func() {
				for {
					select {
					case conn := <-stalls.StreamCh():
						conn.Write([]byte{tlsHandshake})
					case <-t.Context().Done():
						return
					}
				}
			}()
			send(t, a, transport.Address{Addr: stalls.Address().String()}, "x")
		}
		time.Sleep(10 * time.Millisecond)
		began := time.Now()
		if err := a.Deliver(t.Context(), kindA, at(healthy, "healthy@1"), []byte("x")); err != nil || time.Since(began) > 1500*time.Millisecond {
			t.Errorf("delivered to a healthy peer after %v: %v", time.Since(began), err)
		}
		time.Sleep(time.Minute)
	})
}

// TestDialKeepsItsTime dials a process that is stopped.
func TestDialKeepsItsTime(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, paused := open(t, n, config("a@1")), n.Host()
		paused.Pause()
		began := time.Now()
		_, err := a.DialAddressTimeout(transport.Address{Addr: paused.Address().String()}, 300*time.Millisecond)
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != 300*time.Millisecond {
			t.Errorf("a dial of 300 ms took %v: %v", took, err)
		}
		if refused := a.Stats().Refused[transport.ReasonGarbage]; refused > 0 {
			t.Error("a process that is slow is counted as refused")
		}
	})
}

// TestReadKeepsItsTime has a peer announce as much as may be in flight, on other connections, and send nothing of it.
func TestReadKeepsItsTime(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		go func() { (<-b.StreamCh()).Write([]byte{2, 0}) }()
		for range 8 {
			l, err := b.OpenLink(a.Address())
			if err != nil {
				t.Fatal(err)
			}
			l.Announce(2) // 128 KiB
		}
		time.Sleep(100 * time.Millisecond)
		stream, err := a.DialAddressTimeout(at(b), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		stream.SetDeadline(time.Now().Add(time.Second))
		began := time.Now()
		if _, err := stream.Read(make([]byte, 10)); err == nil || time.Since(began) > time.Second {
			t.Errorf("a read with a second to go took %v: %v", time.Since(began), err)
		}
	})
}

// TestManyStreamsAtOnce opens more of them than there are sessions of a peer: the one in use stays.
func TestManyStreamsAtOnce(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		send(t, a, at(b, "b@1"), "first")
		time.Sleep(time.Second)
		const atOnce = 6 // as many as a member may have open
		for range atOnce {
			go func() {
				if stream, err := a.DialAddressTimeout(at(b, "b@1"), time.Second); err == nil {
					stream.Close()
				}
			}()
		}
		for range atOnce {
			select {
			case stream := <-b.StreamCh():
				stream.Close()
			case <-time.After(time.Minute):
				t.Fatalf("b did not accept %d streams at once: %+v", atOnce, b.Stats())
			}
		}
		send(t, a, at(b, "b@1"), "second")
		send(t, b, at(a, "a@1"), "back")
		time.Sleep(100 * time.Millisecond)
		if len(b.messages()) != 2 || len(a.messages()) != 1 || a.Stats().UnknownKey+b.Stats().UnknownKey > 0 {
			t.Errorf("b got %q, a got %q; %+v", b.messages(), a.messages(), b.Stats())
		}
	})
}

// TestRestartIsFoundByAddress delivers to whoever is at an address, before and after somebody else is.
func TestRestartIsFoundByAddress(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, old := open(t, n, config("a@1")), open(t, n, config("b@1"))
		if err := a.Deliver(t.Context(), kindA, at(old), nil); err != nil {
			t.Fatal(err)
		}
		next := openOn(t, n.HostAt(old.host.IP()), config("b@2"))
		var err error
		for range 3 {
			if err = a.Deliver(t.Context(), kindA, at(next), []byte("x")); err == nil {
				break
			}
			time.Sleep(2 * time.Second)
		}
		time.Sleep(time.Second)
		if err != nil || len(next.messages()) != 1 {
			t.Errorf("the next one got %q: %v", next.messages(), err)
		}
	})
}

// TestDeliverKeepsNothing changes what was to be delivered once Deliver has given up on it.
func TestDeliverKeepsNothing(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		n.SetNormal(testcluster.Link{Latency: 50 * time.Millisecond})
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		message := []byte("first")
		if err := a.Deliver(ctx, kindA, at(b, "b@1"), message); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("delivered in no time: %v", err)
		}
		copy(message, "other")
		time.Sleep(time.Second)
		if got := b.messages(); len(got) != 1 || got[0] != "first" {
			t.Errorf("b got %q", got)
		}
	})
}

// TestStrangersAreAskedLittle has datagrams come that seem to be from many addresses, where nothing is sealed: each is
// answered with one, and nobody is dialled.
func TestStrangersAreAskedLittle(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, counted := openCounted(t, n, plain("a@1"))
		question := append(plainHeader("test", 0xf1), make([]byte, 1000)...)
		const strangers = 500
		for range strangers {
			n.Host().WriteToAddress(question, at(a))
		}
		time.Sleep(time.Minute)
		if counted.dials.Load() > 0 || counted.datagrams.Load() != strangers {
			t.Errorf("%d dials and %d datagrams for %d questions", counted.dials.Load(), counted.datagrams.Load(), strangers)
		}
	})
}
