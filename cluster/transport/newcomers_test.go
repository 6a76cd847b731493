package transport_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault50_SlotsAreShared holds how many dials to unproven addresses those that cause them may have at a time.
func TestFault50_SlotsAreShared(t *testing.T) {
	for name, tt := range map[string]struct {
		liars int
		each  int // the fewest and the most that each gets
		left  bool
	}{"one": {1, 17, true}, "two": {2, 11, true}, "three": {3, 8, true}, "thirty": {30, 1, true}, "a hundred": {100, 0, false}} {
		s := new(transport.DialSlots)
		held := make([]int, tt.liars)
		for range 100 {
			for i := range held {
				if s.TryTake(fmt.Sprintf("liar%d", i)) {
					held[i]++
				}
			}
		}
		if slices.Min(held) < tt.each || slices.Max(held) > tt.each+1 {
			t.Errorf("%s: they hold %d to %d slots, want %d", name, slices.Min(held), slices.Max(held), tt.each)
		}
		if got := s.TryTake("honest"); got != tt.left {
			t.Errorf("%s: another member gets a slot: %v", name, got)
		}
		own := 0
		for s.TryTake(transport.Itself) {
			own++
		}
		seeds := 0
		for s.TryTake(transport.Seeking) {
			seeds++
		}
		if seeds != 22 {
			t.Errorf("%s: %d seeds are dialled beside other addresses, want 22", name, seeds)
		}
		if own < 8 || own+s.Taken() > 2*transport.MostUnproven || s.Taken() > transport.MostUnproven {
			t.Errorf("%s: this process gets %d, %d are taken", name, own, s.Taken())
		}
	}
}

// unreachable counts the dials that go nowhere, at a time.
type unreachable struct {
	transport.Network
	known           func(addr string) bool
	closed          bool // its ports are, or its systems say nothing
	open, most, all atomic.Int64
}

func (u *unreachable) DialAddressTimeout(to transport.Address, timeout time.Duration) (net.Conn, error) {
	if u.known(to.Addr) {
		return u.Network.DialAddressTimeout(to, timeout)
	}
	u.all.Add(1)
	if u.closed {
		return nil, syscall.ECONNREFUSED
	}
	if open := u.open.Add(1); open > u.most.Load() {
		u.most.Store(open)
	}
	defer u.open.Add(-1)
	time.Sleep(timeout)
	return nil, os.ErrDeadlineExceeded
}

func aliveAt50(id string, at netip.AddrPort) []byte {
	return packed(4, map[string]any{"Incarnation": 1, "Node": id, "Addr": at.Addr().AsSlice(), "Port": at.Port(),
		"Meta": []byte{}, "Vsn": []byte{1, 5, 2, 0, 0, 0}})
}

// TestFault50_NewcomersProveThemselves has two members tell of others: one of thousands that there are not, over IPv4 and
// IPv6, one of a member that there is, of which the liar told as well, far behind in its queue.
func TestFault50_NewcomersProveThemselves(t *testing.T) {
	for name, tt := range map[string]struct {
		closed bool
		least  int64 // dials at a time
		all    int64 // that one liar causes, within its queue or its failures: 512, and 8 for each second that the queue lasts
	}{"closed ports": {true, 0, 650}, "tarpits": {false, 10, 1200}} {
		t.Run(name, func(t *testing.T) { newcomersOf(t, tt.closed, tt.least, tt.all) })
	}
}

func newcomersOf(t *testing.T, closed bool, least, most int64) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		host, c := n.Host(), config("a@1")
		newcomer := open(t, n, config("new@1"))
		network := &unreachable{Network: host, closed: closed, known: func(addr string) bool { return addr == newcomer.Address() }}
		c.Network = network
		a := openOn(t, host, c)
		liar, honest := transport.From{ID: "liar@1", Addr: host.Address()}, transport.From{ID: "honest@1", Addr: newcomer.host.Address()}
		if c.Identity == nil {
			liar.ID, honest.ID = "", ""
		}
		for i := range 3000 {
			at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), 1)
			if i%2 == 1 {
				at = netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 14: byte(i >> 8), 15: byte(i)}), 1)
			}
			if err := a.Introduce(liar, aliveAt50(fmt.Sprintf("x%d@1", i), at)); err != nil {
				t.Fatal(err)
			}
			if i == 500 {
				a.Introduce(liar, aliveAt50("new@1", newcomer.host.Address()))
			}
		}
		go answerPings(newcomer)
		a.Introduce(honest, aliveAt50("new@1", newcomer.host.Address()))
		began := time.Now()
		got := <-a.PacketCh()
		if got.Buf[0] != 4 || time.Since(began) > time.Second {
			t.Errorf("memberlist hears of the newcomer after %v", time.Since(began))
		}
		time.Sleep(10 * time.Minute)
		select {
		case got := <-a.PacketCh():
			if got.From.String() != newcomer.Address() {
				t.Errorf("memberlist hears of %q", got.Buf)
			}
		default:
		}
		if got := network.most.Load(); got > 17 || got < least {
			t.Errorf("%d dials at a time, want 17 at most", got)
		}
		if all := network.all.Load(); all > most || all < 100 {
			t.Errorf("%d dials for one liar, want %d at most", all, most)
		}
		if dropped := a.Stats().Hearsay; dropped < 2000 {
			t.Errorf("%d are counted as dropped", dropped)
		}
	})
}

// answerPings is a memberlist that answers pings and nothing else.
func answerPings(e *end) {
	for {
		select {
		case packet := <-e.PacketCh():
			if packet.Buf[0] == 0 {
				e.WriteToAddress(packed(2, map[string]any{"SeqNo": numberOf(packet), "Payload": []byte{}}), transport.Address{Addr: packet.From.String()})
			}
		case <-time.After(time.Minute):
			return
		}
	}
}

// TestFault54_SeedsDoNotWait dials a seed while dials to 64 addresses that are silent are under way.
func TestFault54_SeedsDoNotWait(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		host, c := n.Host(), config("a@1")
		seed := open(t, n, config("seed@1"))
		network := &unreachable{Network: host, known: func(addr string) bool { return addr == seed.Address() }}
		c.Network = network
		a := openOn(t, host, c)
		var dials sync.WaitGroup
		defer dials.Wait()
		for i := range 64 {
			dials.Go(func() { a.Identify(t.Context(), fmt.Sprintf("198.18.0.%d:1", i), time.Minute) })
		}
		time.Sleep(time.Second)
		began := time.Now()
		found, err := a.IdentifySeed(t.Context(), seed.Address(), time.Minute)
		if took := time.Since(began); err != nil || found != "seed@1" || took > time.Second {
			t.Errorf("the seed is %q after %v: %v", found, took, err)
		}
	})
}
