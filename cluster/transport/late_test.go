package transport_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// slow is a network whose datagrams take longer than they should, in a process that may be late.
type slow struct {
	transport.Network
	delay atomic.Int64 // nanoseconds
	lag   atomic.Int64
	dials atomic.Int64
	open  atomic.Int64 // dials under way, and connections that were not closed
	most  atomic.Int64

	datagrams atomic.Int64
}

func (s *slow) Lag() time.Duration { return time.Duration(s.lag.Load()) }

func (s *slow) WriteToAddress(b []byte, to transport.Address) (time.Time, error) {
	s.datagrams.Add(1)
	time.AfterFunc(time.Duration(s.delay.Load()), func() { s.Network.WriteToAddress(b, to) })
	return time.Now(), nil
}

func (s *slow) DialAddressTimeout(to transport.Address, timeout time.Duration) (net.Conn, error) {
	s.dials.Add(1)
	open := s.open.Add(1)
	s.most.Store(max(s.most.Load(), open))
	conn, err := s.Network.DialAddressTimeout(to, timeout)
	if err != nil {
		s.open.Add(-1)
		return nil, err
	}
	return &slowConn{Conn: conn, of: s}, nil
}

type slowConn struct {
	net.Conn
	of     *slow
	closed atomic.Bool
}

func (c *slowConn) Close() error {
	if !c.closed.Swap(true) {
		c.of.open.Add(-1)
	}
	return c.Conn.Close()
}

// openSlow is open on such a network.
func openSlow(t *testing.T, n *testcluster.Network, config transport.Config, delay, lag time.Duration) (*end, *slow) {
	t.Helper()
	host := n.Host()
	s := &slow{Network: host}
	s.delay.Store(int64(delay))
	s.lag.Store(int64(lag))
	config.Network = s
	return openOn(t, host, config), s
}

// say sends a message each 100 ms for as long.
func say(t *testing.T, from, to *end, lasts time.Duration) {
	t.Helper()
	for ; lasts > 0; lasts -= 100 * time.Millisecond {
		send(t, from, at(to, "b@1"), "x")
		time.Sleep(100 * time.Millisecond)
	}
}

// TestFault60_LateAnswer has the answers to path probes come after they were given up: a path on which they come while the
// peer is dialled was never blocked, and another one opens at once, or after the next question.
func TestFault60_LateAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		delay   time.Duration
		blocked bool
	}{"while it is judged": {1500 * time.Millisecond, false}, "after that": {8 * time.Second, true}, "much too late": {40 * time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
				a := open(t, n, config("a@1"))
				b, s := openSlow(t, n, config("b@1"), tt.delay, 0)
				say(t, a, b, 6*time.Second)
				if byStream := a.Stats().ByStream; byStream > 0 != tt.blocked {
					t.Errorf("%d messages by stream", byStream)
				}
				s.delay.Store(0)
				time.Sleep(3 * time.Second) // the answer to the first question has come if it took 8 s
				if tt.delay > 30*time.Second {
					say(t, a, b, 10*time.Second) // a new question has an answer
				}
				before := a.Stats().ByStream
				say(t, a, b, 10*time.Second)
				if byStream := a.Stats().ByStream - before; byStream > 0 {
					t.Errorf("%d messages by stream after the answer", byStream)
				}
			})
		})
	}
}

// TestFault60_StrainedDoesNotJudgePaths blocks datagrams for a process that is late, and then is not any more.
func TestFault60_StrainedDoesNotJudgePaths(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		n.SetNormal(testcluster.Link{Latency: time.Millisecond, NoDatagrams: true})
		a, s := openSlow(t, n, config("a@1"), 0, 100*time.Millisecond)
		b := open(t, n, config("b@1"))
		say(t, a, b, time.Minute)
		if got := a.Stats().ByStream; got > 0 || warnings(a) > 0 || s.datagrams.Load() != 600 {
			t.Errorf("%d messages by stream, %d warnings, %d datagrams for 600 messages", got, warnings(a), s.datagrams.Load())
		}
		s.lag.Store(0)
		send(t, a, at(b, "b@1"), "x")
		time.Sleep(500 * time.Millisecond)
		s.lag.Store(int64(100 * time.Millisecond)) // while it asks
		say(t, a, b, 10*time.Second)
		if got := a.Stats().ByStream; got > 0 || warnings(a) > 0 {
			t.Errorf("late since it asked: %d messages by stream, %d warnings", got, warnings(a))
		}
		s.lag.Store(0)
		say(t, a, b, time.Minute)
		if a.Stats().ByStream == 0 || warnings(a) != 1 {
			t.Error("datagrams that are blocked are not noticed by a process that is on time")
		}
	})
}

// TestFault60_FewDialsWhileLate has a process that is late owe messages to many peers.
func TestFault60_FewDialsWhileLate(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		n.SetNormal(testcluster.Link{Latency: 20 * time.Millisecond})
		a, s := openSlow(t, n, sealed(t, "a@1"), 0, 100*time.Millisecond)
		paused := open(t, n, sealed(t, "c@1"))
		send(t, a, at(paused, "c@1"), "x")
		var peers []*end
		for range 20 {
			b := open(t, n, sealed(t, "b@1"))
			peers = append(peers, b)
			send(t, a, at(b), "x") // whoever is there
		}
		time.Sleep(30 * time.Second)
		for i, b := range peers {
			if got := b.messages(); len(got) != 1 {
				t.Errorf("peer %d got %d messages", i, len(got))
			}
		}
		if most := s.most.Load(); most > transport.MostTurns {
			t.Errorf("%d dials at a time, want %d at most", most, transport.MostTurns)
		}
	})
}

// TestFault60_OneHandshakeForBoth has two members that are late send each other messages at the same time, where one handshake
// takes long.
func TestFault60_OneHandshakeForBoth(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		n.SetNormal(testcluster.Link{Latency: 50 * time.Millisecond})
		a, atA := openSlow(t, n, sealed(t, "a@1"), 0, 100*time.Millisecond)
		b, atB := openSlow(t, n, sealed(t, "b@1"), 0, 100*time.Millisecond)
		send(t, a, at(b, "b@1"), "x")
		send(t, b, at(a, "a@1"), "x")
		time.Sleep(10 * time.Second)
		if len(a.messages()) != 1 || len(b.messages()) != 1 || atA.dials.Load() != 1 || atB.dials.Load() != 0 {
			t.Errorf("a got %q with %d dials, b %q with %d; want the first of the two to dial", a.messages(), atA.dials.Load(), b.messages(), atB.dials.Load())
		}
	})
}

// full is a host that has no room for handshakes.
type full struct {
	transport.Network
	dials []time.Time
}

func (f *full) DialAddressTimeout(transport.Address, time.Duration) (net.Conn, error) {
	f.dials = append(f.dials, time.Now())
	here, there := net.Pipe()
	there.Close()
	return here, nil
}

// TestFault60_BrokenHandshakesBackOff sends each 10 ms to a peer that closes connections at once.
func TestFault60_BrokenHandshakesBackOff(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		host := n.Host()
		f := &full{Network: host}
		config := sealed(t, "a@1")
		config.Network = f
		a := openOn(t, host, config)
		to := transport.Address{Addr: "10.0.0.99:7946", Name: "b@1"}
		for range 1000 {
			send(t, a, to, "x")
			time.Sleep(10 * time.Millisecond)
		}
		if n := len(f.dials); n < 8 || n > 30 {
			t.Errorf("%d dials in 10 s", n)
		}
		if last := f.dials[len(f.dials)-1].Sub(f.dials[len(f.dials)-2]); last > 2*time.Second {
			t.Errorf("the last two are %v apart", last)
		}
	})
}
