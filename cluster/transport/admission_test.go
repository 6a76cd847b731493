package transport

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"
)

func pendingFrom(ip string, since time.Time) *pending {
	near, _ := net.Pipe()
	return &pending{near, netip.MustParseAddr(ip), since}
}

// TestFault60_Admission fills the room for pending connections, and has one more come after a while.
func TestFault60_Admission(t *testing.T) {
	many := func(n int) (hosts []string) {
		for i := range n {
			hosts = append(hosts, fmt.Sprintf("10.0.1.%d", i))
		}
		return hosts
	}
	one := func(host string, n int) []string { return slices.Repeat([]string{host}, n) }
	for name, tt := range map[string]struct {
		waiting []string // hosts, the first comes first
		more    string
		after   time.Duration
		admits  bool
		evicts  int // its place in waiting; -1 for none
	}{
		"room":                               {many(mostPending - 1), "10.0.9.9", 0, true, -1},
		"the newcomer is refused":            {many(mostPending), "10.0.9.9", 0, false, -1},
		"one that has had its time goes":     {many(mostPending), "10.0.9.9", provenWithin, true, 0},
		"a host has its share":               {one("10.0.0.1", mostPendingBy), "10.0.0.1", 0, false, -1},
		"and another host has room":          {one("10.0.0.1", mostPendingBy), "10.0.0.2", 0, true, -1},
		"a host's own that has had its time": {append([]string{"10.0.0.2"}, one("10.0.0.1", mostPendingBy)...), "10.0.0.1", provenWithin, true, 1},
		"the greedy make room for others":    {append(one("10.0.0.1", mostPending-mostPendingBy), one("10.0.0.2", mostPendingBy)...), "10.0.0.3", 0, true, 0},
		"but not for the greedy":             {append(one("10.0.0.1", mostPending-mostPendingBy), one("10.0.0.2", mostPendingBy)...), "10.0.0.1", 0, false, -1},
	} {
		t.Run(name, func(t *testing.T) {
			var a admission
			a.init()
			now := time.Now()
			var waiting []*pending
			for _, host := range tt.waiting {
				c := pendingFrom(host, now)
				if evicted, ok := a.enter(c, provenWithin); evicted != nil || !ok {
					t.Fatalf("connection %d: %v, %v", len(waiting)+1, evicted, ok)
				}
				waiting = append(waiting, c)
			}
			c := pendingFrom(tt.more, now.Add(tt.after))
			evicted, ok := a.enter(c, provenWithin)
			if ok != tt.admits || slices.Index(waiting, evicted) != tt.evicts {
				t.Errorf("admitted %v, evicted the one at %d", ok, slices.Index(waiting, evicted))
			}
			before := len(a.strangers.conns)
			a.leave(c)
			a.leave(c)
			if left := before - len(a.strangers.conns); ok && left != 1 || !ok && left != 0 {
				t.Errorf("%d connections left", left)
			}
		})
	}
}

// TestFault60_MembersHaveAShare has strangers fill all the room that is theirs, from hosts of their own and from a member's.
func TestFault60_MembersHaveAShare(t *testing.T) {
	var a admission
	a.init()
	now := time.Now()
	a.authenticated(netip.MustParseAddr("10.0.0.1"), now)
	enter := func(host string) bool {
		_, ok := a.enter(pendingFrom(host, now), provenWithin)
		return ok
	}
	for i := range 2 * mostPending {
		enter(fmt.Sprintf("10.0.1.%d", i))
	}
	if enter("10.0.2.1") {
		t.Error("a stranger has room in the share of members")
	}
	admitted := 0
	for enter("10.0.0.1") {
		admitted++
	}
	if admitted != mostPendingKnown {
		t.Errorf("a member's host has room for %d, want %d", admitted, mostPendingKnown)
	}
	now = now.Add(provenWithin)
	if !enter("10.0.0.1") {
		t.Error("what a stranger at a member's host holds is not given up")
	}
	now = now.Add(knownFor)
	a.members.conns = nil
	if enter("10.0.0.1"); len(a.members.conns) > 0 {
		t.Error("a member's host is known for ever")
	}
}

// TestEvictedHasLeft: an evicted connection is refused once, not again when its handshake breaks.
func TestEvictedHasLeft(t *testing.T) {
	var a admission
	a.init()
	now := time.Now()
	var first, last *pending
	for range mostPendingBy {
		last = pendingFrom("10.0.0.1", now)
		if a.enter(last, provenWithin); first == nil {
			first = last
		}
	}
	evicted, ok := a.enter(pendingFrom("10.0.0.1", now.Add(provenWithin)), provenWithin)
	if !ok || evicted != first {
		t.Fatalf("evicted is %p, want the first, %p", evicted, first)
	}
	if a.leave(evicted) {
		t.Error("an evicted connection was still waiting")
	}
	if !a.leave(last) {
		t.Error("a connection that waits was not waiting")
	}
	if a.leave(last) {
		t.Error("a connection leaves twice")
	}
}

func TestKnownHostsAreBounded(t *testing.T) {
	var a admission
	a.init()
	now := time.Now()
	host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range 2 * mostKnown {
		a.authenticated(host(i), now)
	}
	if _, first := a.known[host(0)]; len(a.known) != mostKnown || !first {
		t.Errorf("%d hosts are known, the first among them: %v", len(a.known), first)
	}
	a.authenticated(host(3*mostKnown), now.Add(knownFor))
	if len(a.known) != 1 {
		t.Errorf("%d hosts are known, of which one is new", len(a.known))
	}
}

func TestFault20_HandshakesOfAHostAreRated(t *testing.T) {
	var a admission
	a.init()
	now := time.Now()
	enter := func(ip string) bool {
		c := pendingFrom(ip, now)
		_, ok := a.enter(c, provenWithin)
		a.leave(c)
		return ok
	}
	count := func(ip string) (passed int) {
		for enter(ip) {
			passed++
		}
		return passed
	}
	if got := count("10.0.0.1"); got != int(handshakes.AtOnce) {
		t.Errorf("%d at once, want %v", got, handshakes.AtOnce)
	}
	if !enter("10.0.0.2") {
		t.Error("another host is kept out for it")
	}
	a.authenticated(netip.MustParseAddr("10.0.0.3"), now)
	if got := count("10.0.0.3"); got != int(knownHandshakes.AtOnce) {
		t.Errorf("%d at once from a member's host, want %v", got, knownHandshakes.AtOnce)
	}
	now = now.Add(time.Second)
	if got := count("10.0.0.1"); got != int(handshakes.EachSecond) {
		t.Errorf("%d a second later, want %v", got, handshakes.EachSecond)
	}
	for i := range 2 * mostMeters {
		enter(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}).String())
	}
	if len(a.meters) > mostMeters {
		t.Errorf("%d hosts are remembered", len(a.meters))
	}
}

func TestConnectionsOfAPeerAreCapped(t *testing.T) {
	var a admission
	a.init()
	admitted := 0
	for a.admit("a@1") {
		admitted++
	}
	if admitted != mostProvenBy {
		t.Errorf("%d connections of one peer, want %d", admitted, mostProvenBy)
	}
	for i := 0; a.admit(fmt.Sprint(i)); i++ {
		admitted++
	}
	if admitted != mostProven {
		t.Errorf("%d connections in all, want %d", admitted, mostProven)
	}
	if a.out("a@1"); !a.admit("b@1") {
		t.Error("no room after one has gone")
	}
}

func TestGreetingsAreRated(t *testing.T) {
	var g greeted
	now := time.Now()
	addr := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 7946)
	}
	if !g.due(addr(0), now) || g.due(addr(0), now.Add(greetPause-1)) || !g.due(addr(0), now.Add(greetPause)) {
		t.Error("one address is not greeted once in a while")
	}
	greetedInAMinute := 0
	for i := range 60_000 {
		if g.due(addr(1+i), now.Add(time.Duration(i)*time.Millisecond)) {
			greetedInAMinute++
		}
	}
	if most := int(greetings.AtOnce + 60*greetings.EachSecond); greetedInAMinute > most || greetedInAMinute < most*9/10 {
		t.Errorf("%d strangers are dialled in a minute, want about %d", greetedInAMinute, most)
	}
	if len(g.last) > mostGreeted {
		t.Errorf("%d addresses are remembered", len(g.last))
	}
}

func TestRoom(t *testing.T) {
	var r room
	closing := make(chan struct{})
	if r.take(mostRoom, closing, time.Time{}) != nil {
		t.Fatal("there is no room")
	}
	got := make(chan bool)
	for range 3 {
		go func() { got <- r.take(mostRoom/3, closing, time.Time{}) == nil }()
	}
	r.give(mostRoom)
	for range 3 {
		if !<-got {
			t.Error("no room although it was given back")
		}
	}
	go func() { got <- r.take(mostRoom, closing, time.Time{}) == nil }()
	if err := r.take(mostRoom, closing, time.Now()); err != os.ErrDeadlineExceeded {
		t.Errorf("no room in time: %v", err)
	}
	close(closing)
	if <-got {
		t.Error("room for more than there is")
	}
}

// TestFault20_IPv6HostIsOne has a host flood from many of its addresses.
func TestFault20_IPv6HostIsOne(t *testing.T) {
	one, other := netip.MustParseAddr("2001:db8:0:1::1"), netip.MustParseAddr("2001:db8:0:1:ffff::2%eth0")
	if hostOf(one) != hostOf(other) || hostOf(one) == hostOf(netip.MustParseAddr("2001:db8:0:2::1")) {
		t.Errorf("%v and %v are of one host, and %v is not", hostOf(one), hostOf(other), hostOf(netip.MustParseAddr("2001:db8:0:2::1")))
	}
	if ip := netip.MustParseAddr("10.0.0.1"); hostOf(ip) != ip {
		t.Errorf("the host of %v is %v", ip, hostOf(ip))
	}
}
