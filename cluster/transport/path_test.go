package transport_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

const doNotPass = "do not get through"

// exchange sends a message each way every 100 ms, for some time, and gives how many of those of the last minute arrived.
func exchange(t *testing.T, a, b *end, size int, lasts time.Duration) (arrived int) {
	t.Helper()
	message := strings.Repeat("x", size)
	for ; lasts > time.Minute; lasts -= 100 * time.Millisecond {
		send(t, a, at(b, "b@1"), message)
		send(t, b, at(a, "a@1"), message)
		time.Sleep(100 * time.Millisecond)
	}
	before := len(a.messages()) + len(b.messages())
	for range 600 {
		send(t, a, at(b, "b@1"), message)
		send(t, b, at(a, "a@1"), message)
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Second)
	return len(a.messages()) + len(b.messages()) - before
}

func warnings(ends ...*end) (count int) {
	for _, e := range ends {
		count += strings.Count(e.log.String(), doNotPass)
	}
	return count
}

// TestFault6_UDPBlocked blocks datagrams, both ways and one way, from the start and later, and opens the path again.
func TestFault6_UDPBlocked(t *testing.T) {
	blocked := testcluster.Link{Latency: time.Millisecond, NoDatagrams: true}
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		for _, block := range []func(){
			func() { n.SetNormal(blocked) },
			func() { n.SetLink(a.host, b.host, blocked) },
		} {
			block()
			if got := exchange(t, a, b, 100, 3*time.Minute); got != 1200 {
				t.Errorf("%d of 1200 messages arrived", got)
			}
			n.SetNormal(testcluster.Link{Latency: time.Millisecond})
			n.Heal()
			exchange(t, a, b, 100, 3*time.Minute)
			before := a.Stats().ByStream + b.Stats().ByStream
			if got := exchange(t, a, b, 100, time.Minute); got != 1200 || a.Stats().ByStream+b.Stats().ByStream > before {
				t.Errorf("%d of 1200 messages arrived, %d by stream although datagrams get through", got, a.Stats().ByStream+b.Stats().ByStream-before)
			}
		}
		if got := warnings(a, b); got != 2 {
			t.Errorf("%d warnings, want one of each:\n%s%s", got, a.log.String(), b.log.String())
		}
	})
}

// TestFault7_LargeDatagramsSwallowed has a path on which only small ones get through.
func TestFault7_LargeDatagramsSwallowed(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		n.SetNormal(testcluster.Link{Latency: time.Millisecond, MaxDatagram: 700})
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		if got := exchange(t, a, b, 1000, 2*time.Minute); got != 1200 {
			t.Errorf("%d of 1200 large messages arrived", got)
		}
		before := a.Stats().ByStream
		if got := exchange(t, a, b, 100, time.Minute); got != 1200 || a.Stats().ByStream != before {
			t.Errorf("%d of 1200 small messages arrived, %d by stream", got, a.Stats().ByStream-before)
		}
		if got := warnings(a, b); got != 2 {
			t.Errorf("%d warnings, want one of each", got)
		}
	})
}

// TestFault1_LossIsNotABlockedWay loses 40 % of the datagrams for a day. A way that counts as blocked
// although it only loses many is used again soon: what goes by stream there waits for what was lost.
func TestFault1_LossIsNotABlockedWay(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		n.SetNormal(testcluster.Link{Latency: time.Millisecond, Loss: 0.4})
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		const messages = 2 * 24 * 3600
		for range messages / 2 {
			send(t, a, at(b, "b@1"), "x")
			send(t, b, at(a, "a@1"), "x")
			time.Sleep(time.Second)
		}
		if got := a.Stats().ByStream + b.Stats().ByStream; got > messages/200 {
			t.Errorf("%d of %d messages went by stream", got, messages)
		}
	})
}

// TestFault6_BrieflyBlocked blocks datagrams for some seconds: soon after that they are used again.
func TestFault6_BrieflyBlocked(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		exchange(t, a, b, 100, time.Minute)
		n.SetNormal(testcluster.Link{Latency: time.Millisecond, NoDatagrams: true})
		byStream := func(d time.Duration) uint64 {
			before := a.Stats().ByStream
			for range d / (100 * time.Millisecond) {
				send(t, a, at(b, "b@1"), "x")
				send(t, b, at(a, "a@1"), "x")
				time.Sleep(100 * time.Millisecond)
			}
			return a.Stats().ByStream - before
		}
		if byStream(8*time.Second) == 0 {
			t.Fatal("datagrams that are blocked are not noticed")
		}
		n.SetNormal(testcluster.Link{Latency: time.Millisecond})
		byStream(5 * time.Second)
		if got := byStream(10 * time.Second); got > 0 {
			t.Errorf("%d messages go by stream 5 s after datagrams get through again", got)
		}
	})
}

// TestFault6_BlockedForLong blocks datagrams for 10 minutes. To ask twice a minute whether they get
// through again is enough: each such question takes a handshake, with every peer.
func TestFault6_BlockedForLong(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		n.SetNormal(testcluster.Link{Latency: time.Millisecond, NoDatagrams: true})
		const minutes = 10
		for range minutes * 60 {
			send(t, a, at(b, "b@1"), "x")
			send(t, b, at(a, "a@1"), "x")
			time.Sleep(time.Second)
		}
		if got := a.Stats().Handshakes; got > 2*2*minutes+4 { // of both directions
			t.Errorf("%d handshakes in %d minutes", got, minutes)
		}
	})
}

// TestPeerGoneIsNotBlocked has the peer vanish, rather than its datagrams: nobody warns of that.
func TestPeerGoneIsNotBlocked(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, b := open(t, n, config("a@1")), open(t, n, config("b@1"))
		exchange(t, a, b, 100, time.Minute)
		b.host.Vanish()
		for range 600 {
			send(t, a, at(b, "b@1"), "x")
			time.Sleep(100 * time.Millisecond)
		}
		if got := warnings(a); got != 0 {
			t.Errorf("%d warnings: %s", got, a.log.String())
		}
	})
}

// TestPeerMetByStreamIsAskedWhereItIs has a peer be known from a stream that it opened, before anything is sent to it.
func TestPeerMetByStreamIsAskedWhereItIs(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, counted := openCounted(t, n, config("a@1"))
		b := open(t, n, config("b@1"))
		stream, err := b.DialAddressTimeout(at(a, "a@1"), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		stream.Close()
		(<-a.StreamCh()).Close()
		before := counted.dials.Load()
		for range 60 {
			send(t, a, at(b, "b@1"), "x")
			time.Sleep(time.Second)
		}
		if dialled := counted.dials.Load() - before; dialled > 0 || counted.datagrams.Load() > 60+20 {
			t.Errorf("%d dials and %d datagrams for 60 messages", dialled, counted.datagrams.Load())
		}
	})
}

// TestAnswersAreNoReasonToAsk has each answer the other at once, and ask it a while later, as probes do.
func TestAnswersAreNoReasonToAsk(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, counted := openCounted(t, n, config("a@1"))
		b := open(t, n, config("b@1"))
		exchange(t, a, b, 100, time.Minute)
		before := counted.datagrams.Load()
		for range 50 {
			send(t, a, at(b, "b@1"), "ping")
			time.Sleep(10 * time.Millisecond)
			send(t, b, at(a, "a@1"), "ack")
			time.Sleep(5 * time.Second)
			send(t, b, at(a, "a@1"), "ping")
			time.Sleep(10 * time.Millisecond)
			send(t, a, at(b, "b@1"), "ack")
			time.Sleep(5 * time.Second)
		}
		if asked := counted.datagrams.Load() - before - 100; asked > 6 {
			t.Errorf("%d datagrams beside 50 questions and 50 answers in 8 minutes", asked)
		}
	})
}

// TestQuietPathCostsLittle counts what is asked beside what is said.
func TestQuietPathCostsLittle(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		a, counted := openCounted(t, n, config("a@1"))
		b := open(t, n, config("b@1"))
		exchange(t, a, b, 100, time.Minute)
		before := counted.datagrams.Load()
		for range 3600 { // an hour in which both speak
			send(t, a, at(b, "b@1"), "x")
			send(t, b, at(a, "a@1"), "x")
			time.Sleep(time.Second)
		}
		if asked := counted.datagrams.Load() - before - 3600; asked > 30 {
			t.Errorf("%d datagrams in an hour, beside 3600 messages", asked)
		}
	})
}

// stubborn is a network whose host does not let datagrams out that are larger than it likes.
type stubborn struct {
	transport.Network
	most int
	err  error
}

func (s stubborn) WriteToAddress(b []byte, to transport.Address) (time.Time, error) {
	if len(b) > s.most {
		return time.Time{}, s.err
	}
	return s.Network.WriteToAddress(b, to)
}

// TestFault6_HostRefuses has the host's own packet filter be against datagrams, or the way be too narrow for them.
func TestFault6_HostRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		most      int
		err       error
		largeOnly string
	}{
		"all":       {0, syscall.EPERM, `"large_only":false`},
		"too large": {700, syscall.EMSGSIZE, `"large_only":true`},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
				host := n.Host()
				c := config("a@1")
				c.Network = stubborn{host, tt.most, tt.err}
				a, b := openOn(t, host, c), open(t, n, config("b@1"))
				if got := exchange(t, a, b, 1000, 2*time.Minute); got != 1200 {
					t.Errorf("%d of 1200 messages arrived", got)
				}
				if got := a.log.String(); strings.Count(got, doNotPass) != 1 || !strings.Contains(got, tt.largeOnly) {
					t.Errorf("it says, and should warn once:\n%s", got)
				}
			})
		})
	}
}
