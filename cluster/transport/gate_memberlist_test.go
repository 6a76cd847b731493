package transport

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"
)

// gateEndpoint is a transport for memberlist that leaves to functions what becomes of what it sends.
type gateEndpoint struct {
	addr    netip.AddrPort
	packets chan *memberlist.Packet
	streams chan net.Conn
	send    func(to string, b []byte)
	dial    func(to string) (net.Conn, error)
}

func newGateEndpoint(addr string) *gateEndpoint {
	return &gateEndpoint{addr: netip.MustParseAddrPort(addr), packets: make(chan *memberlist.Packet, 1024), streams: make(chan net.Conn, 16)}
}

func (e *gateEndpoint) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return e.addr.Addr().AsSlice(), int(e.addr.Port()), nil
}

func (e *gateEndpoint) WriteTo(b []byte, addr string) (time.Time, error) {
	e.send(addr, bytes.Clone(b))
	return time.Now(), nil
}

func (e *gateEndpoint) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	return e.WriteTo(b, a.Addr)
}

func (e *gateEndpoint) DialTimeout(addr string, _ time.Duration) (net.Conn, error) {
	return e.dial(addr)
}

func (e *gateEndpoint) DialAddressTimeout(a memberlist.Address, _ time.Duration) (net.Conn, error) {
	return e.dial(a.Addr)
}

func (e *gateEndpoint) PacketCh() <-chan *memberlist.Packet { return e.packets }
func (e *gateEndpoint) StreamCh() <-chan net.Conn           { return e.streams }
func (e *gateEndpoint) Shutdown() error                     { return nil }

// deliver gives e a packet, or loses it.
func (e *gateEndpoint) deliver(b []byte, from *gateEndpoint) {
	select {
	case e.packets <- &memberlist.Packet{Buf: b, From: net.UDPAddrFromAddrPort(from.addr), Timestamp: time.Now()}:
	default:
	}
}

// gateDelegate gives memberlist something to say.
type gateDelegate struct{ meta, state string }

func (d gateDelegate) NodeMeta(int) []byte             { return []byte(d.meta) }
func (d gateDelegate) NotifyMsg([]byte)                {}
func (d gateDelegate) GetBroadcasts(int, int) [][]byte { return nil }
func (d gateDelegate) LocalState(bool) []byte          { return []byte(d.state) }
func (d gateDelegate) MergeRemoteState([]byte, bool)   {}

// gateList is a plain memberlist on e, as the members of this module run it: no encryption, compression or label.
func gateList(t testing.TB, name string, e *gateEndpoint, change func(*memberlist.Config)) *memberlist.Memberlist {
	t.Helper()
	config := memberlist.DefaultLANConfig()
	config.Name, config.Transport, config.LogOutput, config.EnableCompression = name, e, io.Discard, false
	if change != nil {
		change(config)
	}
	m, err := memberlist.Create(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// gateNetwork joins endpoints and keeps every frame that goes over it.
type gateNetwork struct {
	mu        sync.Mutex
	endpoints map[string]*gateEndpoint
	deaf      map[string]bool // gets no packets
	gone      map[string]bool // neither those nor streams
	packets   [][]byte
	requests  [][]byte
	replies   [][]byte
}

func newGateNetwork() *gateNetwork {
	return &gateNetwork{endpoints: map[string]*gateEndpoint{}, deaf: map[string]bool{}, gone: map[string]bool{}}
}

func (n *gateNetwork) join(addr string) *gateEndpoint {
	e := newGateEndpoint(addr)
	e.send = func(to string, b []byte) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.packets = append(n.packets, b)
		if peer := n.endpoints[to]; peer != nil && !n.deaf[to] && !n.gone[to] {
			peer.deliver(b, e)
		}
	}
	e.dial = func(to string) (net.Conn, error) {
		n.mu.Lock()
		peer := n.endpoints[to]
		refused := peer == nil || n.gone[to]
		n.mu.Unlock()
		if refused {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrNotExist}
		}
		return gateConn{n.open(peer), func(b []byte) { n.keep(&n.requests, b) }}, nil
	}
	n.endpoints[addr] = e
	return e
}

// open is a stream to peer, whose answers are kept.
func (n *gateNetwork) open(peer *gateEndpoint) net.Conn {
	near, far := net.Pipe()
	peer.streams <- gateConn{far, func(b []byte) { n.keep(&n.replies, b) }}
	return near
}

func (n *gateNetwork) keep(list *[][]byte, b []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	*list = append(*list, bytes.Clone(b))
}

func (n *gateNetwork) set(list map[string]bool, addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list[addr] = true
}

// gateConn tells wrote of every Write.
type gateConn struct {
	net.Conn
	wrote func(b []byte)
}

func (c gateConn) Write(b []byte) (int, error) {
	c.wrote(b)
	return c.Conn.Write(b)
}

// gateTraffic is what four memberlists say to each other, on virtual time: they join, gossip, leave, get deaf and go. It is
// no longer than that takes: the race detector itself breaks when much happens in a bubble.
func gateTraffic(t *testing.T) (n *gateNetwork) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n = newGateNetwork()
		var lists []*memberlist.Memberlist
		for i, name := range []string{"ada@0000000000000001", "bob@00000000000000b0", "eve@0000000000000e7e", "plain"} {
			addr := []string{"192.0.2.1:7946", "192.0.2.2:7946", "[2001:db8::3]:7946", "192.0.2.4:300"}[i]
			m := gateList(t, name, n.join(addr), func(c *memberlist.Config) {
				c.GossipInterval, c.PushPullInterval = time.Second, 5*time.Second
				if i < 2 {
					c.Delegate = gateDelegate{meta: "meta of " + name, state: strings.Repeat("state ", 50*i)}
				}
			})
			lists = append(lists, m)
			if _, err := m.Join([]string{"ada@0000000000000001/192.0.2.1:7946"}); i > 0 && err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second) // pings and push/pulls
		n.set(n.deaf, "192.0.2.4:300")
		time.Sleep(10 * time.Second) // indirect pings, nacks, and pings by stream
		if err := lists[2].Leave(time.Minute); err != nil {
			t.Error(err)
		}
		n.set(n.gone, "192.0.2.4:300")
		time.Sleep(40 * time.Second) // suspicion and death
		near := n.open(n.endpoints["192.0.2.1:7946"])
		near.Write([]byte{10}) // encrypted, which is answered with an error
		io.Copy(io.Discard, near)
		for addr := range n.endpoints { // who is shut down takes no streams, and the others would wait
			n.set(n.gone, addr)
		}
		for _, m := range lists {
			m.Shutdown()
		}
		time.Sleep(time.Minute) // memberlist's probes outlive its Shutdown
	})
	return n
}

// TestGateLetsMemberlistTalk wants that nothing is refused of what real memberlists say, and that they said all there is.
func TestGateLetsMemberlistTalk(t *testing.T) {
	n := gateTraffic(t)
	seen := make(map[string]int)
	for _, b := range n.packets {
		if err := checkPacket(b, ""); err != nil {
			t.Errorf("packet %x: %v", b, err)
		}
		for _, kind := range gateKinds(b) {
			seen["packet "+kind]++
		}
	}
	for list, frames := range map[string][][]byte{"request": n.requests, "reply": n.replies} {
		for _, b := range frames {
			if err := checkStream(b, list == "reply"); err != nil {
				t.Errorf("%s %x: %v", list, b, err)
			}
			seen[list+" "+strconv.Itoa(int(b[0]))]++
		}
	}
	for _, want := range []string{
		"packet 0", "packet 1", "packet 2", "packet 3", "packet 4", "packet 5", "packet 7", "packet 11", "packet 12",
		"request 0", "request 6", "reply 2", "reply 6", "reply 13",
	} {
		if seen[want] == 0 {
			t.Errorf("no %s was recorded, only %v", want, seen)
		}
	}
}

// gateKinds are those of a packet and of all that is in it.
func gateKinds(b []byte) []string {
	kinds := []string{strconv.Itoa(int(b[0]))}
	switch b[0] {
	case mlCRC:
		return append(kinds, gateKinds(b[crcHeader:])...)
	case mlCompound:
		parts := b[2+2*int(b[1]):]
		for i := range int(b[1]) {
			size := binary.BigEndian.Uint16(b[2+2*i:])
			kinds = append(kinds, gateKinds(parts[:size])...)
			parts = parts[size:]
		}
	}
	return kinds
}
