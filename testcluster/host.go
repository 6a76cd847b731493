package testcluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

const (
	gossipPort   = 7946
	firstPort    = 8000 // of those that Listen chooses
	socketBuffer = 1024 // datagrams that wait for a process that does not read them; more vanish
	backlog      = 1024 // connections that wait to be accepted; beyond them the system answers nobody

	firstSYN = time.Second // after which a system asks again for a connection, and doubles that each time: RFC 6298
)

var _ cluster.Transport = (*Host)(nil)

// Host is one end of a network, for one process: the cluster.Transport of its member, and the place where its services
// listen and dial.
type Host struct {
	network  *Network
	ip       netip.Addr
	packets  chan *cluster.Packet
	gossip   *listener
	down     chan struct{} // closed when the process has ended
	vanished bool          // under the network's lock

	mu        sync.Mutex
	isDown    bool
	paused    bool
	resumed   chan struct{} // closed when it is not paused
	held      []*cluster.Packet
	streams   []*stream
	listeners map[uint16]*listener
	nextPort  uint16
}

func newHost(n *Network, ip netip.Addr) *Host {
	h := &Host{
		network:   n,
		ip:        ip,
		packets:   make(chan *cluster.Packet, socketBuffer),
		down:      make(chan struct{}),
		resumed:   make(chan struct{}),
		listeners: make(map[uint16]*listener),
		nextPort:  firstPort,
	}
	close(h.resumed)
	h.gossip = newListener(h, gossipPort)
	h.listeners[gossipPort] = h.gossip
	return h
}

// IP is the host's address, Address that of its gossip.
func (h *Host) IP() netip.Addr          { return h.ip }
func (h *Host) Address() netip.AddrPort { return netip.AddrPortFrom(h.ip, gossipPort) }

// Crash is what a kill -9 looks like from outside: connections are reset, dials are refused, datagrams vanish. What the
// process itself still does reaches nobody.
func (h *Host) Crash() { h.end() }

// Vanish is a host that loses its power or its network for good: nothing is answered, not even with a refusal.
func (h *Host) Vanish() {
	h.network.update(func() { h.vanished = true }) // a reset does not get through
	h.end()
}

// Shutdown ends the process, as cluster.Transport asks.
func (h *Host) Shutdown() error {
	h.end()
	return nil
}

// end takes the process off the network.
func (h *Host) end() {
	h.mu.Lock()
	if h.isDown {
		h.mu.Unlock()
		return
	}
	h.isDown = true
	close(h.down)
	h.resume()
	streams := h.streams
	h.streams = nil
	h.mu.Unlock()
	for _, s := range streams {
		s.reset()
	}
}

// Pause is what SIGSTOP looks like from outside: datagrams wait in the socket's buffer, connections are accepted by the
// system and then not served, and nothing is sent. The process itself cannot be stopped: its timers run on, so it will
// believe that all others have gone silent. That is harsher than a real SIGSTOP.
func (h *Host) Pause() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.paused && !h.isDown {
		h.paused, h.resumed = true, make(chan struct{})
	}
}

// Resume is SIGCONT: what waited is read.
func (h *Host) Resume() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.resume()
}

// resume is called with the lock held.
func (h *Host) resume() {
	if !h.paused {
		return
	}
	h.paused = false
	close(h.resumed)
	for _, packet := range h.held {
		h.enqueue(packet)
	}
	h.held = nil
}

// running is closed while the process is not paused.
func (h *Host) running() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.resumed
}

func (h *Host) awake() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.paused && !h.isDown
}

// adopt makes s one of the host's streams, unless the process has ended.
func (h *Host) adopt(s *stream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.isDown {
		h.streams = append(h.streams, s)
	}
	return !h.isDown
}

func (h *Host) abandon(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams = slices.DeleteFunc(h.streams, func(other *stream) bool { return other == s })
}

func (h *Host) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return h.ip.AsSlice(), gossipPort, nil
}

func (h *Host) PacketCh() <-chan *cluster.Packet { return h.packets }
func (h *Host) StreamCh() <-chan net.Conn        { return h.gossip.conns }

func (h *Host) WriteTo(b []byte, to string) (time.Time, error) {
	return h.WriteToAddress(b, cluster.Address{Addr: to})
}

// WriteToAddress sends a datagram. As with UDP, that it vanishes is no error.
func (h *Host) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	target, err := netip.ParseAddrPort(to.Addr)
	if err != nil {
		return time.Time{}, err
	}
	way := path{h.ip, target.Addr()}
	link, receiver, _ := h.network.route(way)
	if !h.awake() || receiver == nil || target.Port() != gossipPort || link.Cut || link.NoDatagrams ||
		link.MaxDatagram > 0 && len(b) > link.MaxDatagram {
		return time.Now(), nil
	}
	copies := 1
	if h.network.chance(way, link.Duplicate) {
		copies = 2
	}
	for range copies {
		if h.network.chance(way, link.Loss) {
			continue
		}
		delay := h.network.delay(way, link)
		if h.network.chance(way, link.Reorder) {
			delay += link.Latency + time.Millisecond
		}
		receiver.deliver(slices.Clone(b), h.Address(), delay)
	}
	return time.Now(), nil
}

func (h *Host) deliver(b []byte, from netip.AddrPort, delay time.Duration) {
	arrive := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.enqueue(&cluster.Packet{Buf: b, From: net.UDPAddrFromAddrPort(from), Timestamp: time.Now()})
	}
	if delay <= 0 {
		arrive()
		return
	}
	time.AfterFunc(delay, arrive)
}

// enqueue puts a datagram where the process reads it. Called with the lock held.
func (h *Host) enqueue(packet *cluster.Packet) {
	switch {
	case h.isDown:
	case h.paused && len(h.held) < socketBuffer:
		h.held = append(h.held, packet)
	case h.paused:
	default:
		select {
		case h.packets <- packet:
		default: // the buffer is full
		}
	}
}

func (h *Host) DialTimeout(to string, timeout time.Duration) (net.Conn, error) {
	return h.DialAddressTimeout(cluster.Address{Addr: to}, timeout)
}

func (h *Host) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return h.DialContext(ctx, "tcp", to.Addr)
}

// DialContext opens a stream to an IP and port: after a round trip, or never beyond a cut, or refused where nobody
// listens. What is lost of the round trip costs a second, and each time twice as long, as in a system. It serves as the
// DialContext of an http.Transport.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	target, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp" {
		return nil, fmt.Errorf("testcluster: dial %s %s: use tcp and an IP with a port", network, address)
	}
	for again := firstSYN; ; again *= 2 {
		conn, err := h.connect(ctx, target)
		if conn != nil || err != nil {
			return conn, err
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return nil, dialError(target, timeoutError(ctx))
		}
	}
}

// connect makes one attempt, and gives nothing if that was lost.
func (h *Host) connect(ctx context.Context, target netip.AddrPort) (net.Conn, error) {
	for _, way := range []path{{h.ip, target.Addr()}, {target.Addr(), h.ip}} {
		if err := h.cross(ctx, way); err != nil {
			return nil, dialError(target, err)
		}
		if link, _, _ := h.network.route(way); h.network.chance(way, link.Loss) {
			return nil, nil
		}
	}
	_, receiver, _ := h.network.route(path{h.ip, target.Addr()})
	if receiver == nil {
		return nil, dialError(target, syscall.ECONNREFUSED)
	}
	at := receiver.listenerAt(target.Port())
	if at == nil {
		return nil, dialError(target, syscall.ECONNREFUSED)
	}
	return h.connectTo(at, target)
}

func (h *Host) connectTo(at *listener, target netip.AddrPort) (net.Conn, error) {
	near, far := newStreams(h, at.host, target.Port())
	if !h.adopt(near) {
		return nil, dialError(target, net.ErrClosed)
	}
	if at.host.adopt(far) {
		switch offered := at.offer(far); {
		case offered == nil:
			return near, nil
		case errors.Is(offered, errBacklog):
			h.abandon(near)
			at.host.abandon(far)
			return nil, nil
		}
	}
	near.reset()
	return nil, dialError(target, syscall.ECONNREFUSED)
}

// cross waits as long as something takes on p, while the host runs.
func (h *Host) cross(ctx context.Context, p path) error {
	for {
		select {
		case <-h.running():
		case <-ctx.Done():
			return timeoutError(ctx)
		}
		link, _, changed := h.network.route(p)
		var arrived <-chan time.Time // beyond a cut, nothing does before the network changes
		if !link.Cut {
			changed, arrived = nil, time.After(h.network.delay(p, link))
		}
		select {
		case <-arrived:
			return nil
		case <-changed:
		case <-h.down:
			return net.ErrClosed
		case <-ctx.Done():
			return timeoutError(ctx)
		}
	}
}
