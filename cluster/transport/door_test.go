package transport

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

func visitorFrom(ip string) *visitor {
	near, _ := net.Pipe()
	return &visitor{near, netip.MustParseAddr(ip)}
}

// TestFault20_DoorMakesRoom fills the door from one IP, then from many: whoever is new gets in, and the oldest has to go.
func TestFault20_DoorMakesRoom(t *testing.T) {
	var d door
	d.init()
	now := time.Now()
	var first *visitor
	for i := range mostUnprovenBy {
		v := visitorFrom("10.0.0.1")
		if gone, ok := d.enter(v, now); gone != nil || !ok {
			t.Fatalf("visitor %d from one IP: %v, %v", i+1, gone, ok)
		}
		if i == 0 {
			first = v
		}
	}
	other := visitorFrom("10.0.0.2")
	if gone, ok := d.enter(other, now); gone != nil || !ok {
		t.Errorf("a visitor from another IP: %v, %v", gone, ok)
	}
	if gone, ok := d.enter(visitorFrom("10.0.0.1"), now); gone != first || !ok {
		t.Errorf("one too many from one IP: %v, %v, want the oldest of that IP to go", gone, ok)
	}
	for i := len(d.unproven); i < mostUnproven; i++ {
		d.enter(visitorFrom(fmt.Sprintf("10.0.1.%d", i)), now)
	}
	oldest := d.unproven[0]
	if gone, ok := d.enter(visitorFrom("10.0.2.1"), now); gone != oldest || !ok {
		t.Errorf("one too many in all: %v, %v, want the oldest to go", gone, ok)
	}
	d.leave(other)
	d.leave(other)
	if len(d.unproven) != mostUnproven-1 {
		t.Errorf("%d wait, want %d", len(d.unproven), mostUnproven-1)
	}
}

func TestFault20_HandshakesOfAnIPAreRated(t *testing.T) {
	var d door
	d.init()
	now := time.Now()
	enter := func(ip string) bool {
		v := visitorFrom(ip)
		_, ok := d.enter(v, now)
		d.leave(v)
		return ok
	}
	count := func(ip string) (passed int) {
		for enter(ip) {
			passed++
		}
		return passed
	}
	if got := count("10.0.0.1"); got != int(handshakes.atOnce) {
		t.Errorf("%d at once, want %v", got, handshakes.atOnce)
	}
	if !enter("10.0.0.2") {
		t.Error("another IP is kept out for it")
	}
	now = now.Add(time.Second)
	if got := count("10.0.0.1"); got != int(handshakes.eachSecond) {
		t.Errorf("%d a second later, want %v", got, handshakes.eachSecond)
	}
	for i := range 2 * mostMeters {
		enter(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}).String())
	}
	if len(d.meters) > mostMeters {
		t.Errorf("%d IPs are remembered", len(d.meters))
	}
}

func TestConnectionsOfAPeerAreCapped(t *testing.T) {
	var d door
	d.init()
	admitted := 0
	for d.admit("a@1") {
		admitted++
	}
	if admitted != mostProvenBy {
		t.Errorf("%d connections of one peer, want %d", admitted, mostProvenBy)
	}
	for i := 0; d.admit(fmt.Sprint(i)); i++ {
		admitted++
	}
	if admitted != mostProven {
		t.Errorf("%d connections in all, want %d", admitted, mostProven)
	}
	if d.out("a@1"); !d.admit("b@1") {
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
	if most := int(greetings.atOnce + 60*greetings.eachSecond); greetedInAMinute > most || greetedInAMinute < most*9/10 {
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
