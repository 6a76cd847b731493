package testcluster

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// Network connects hosts. Between any two of them, and in each direction on its own, a [Link] says what goes wrong.
// All its methods may be called at any time, from any goroutine.
//
// What a network leaves to chance follows from its seed: the nth packet from one host to another meets the same fate in
// every run.
type Network struct {
	seed uint64

	mu     sync.Mutex
	normal Link
	links  map[path]Link
	paths  map[path]*rand.Rand
	hosts  map[netip.Addr]*Host
	last   int           // number of the newest host
	change chan struct{} // closed at the next change, for streams that wait for a cut to heal
}

// path is a direction between two hosts.
type path struct{ from, to netip.Addr }

// Link is how one direction between two hosts behaves. The zero value loses nothing and takes no time.
type Link struct {
	Latency     time.Duration
	Jitter      time.Duration // added to the latency, evenly distributed from 0
	Loss        float64       // share of the datagrams that vanish; what a stream carries is delayed instead
	Duplicate   float64       // share of the datagrams that arrive twice
	Reorder     float64       // share of the datagrams that arrive one more latency, and 1 ms, late
	MaxDatagram int           // larger datagrams vanish; 0 means no limit
	NoDatagrams bool          // all datagrams vanish, streams pass
	Cut         bool          // nothing passes; dials time out, streams stall until it heals
}

// NewNetwork makes a network on which every link is normal.
func NewNetwork(seed uint64, normal Link) *Network {
	return &Network{
		seed:   seed,
		normal: normal,
		links:  make(map[path]Link),
		paths:  make(map[path]*rand.Rand),
		hosts:  make(map[netip.Addr]*Host),
		change: make(chan struct{}),
	}
}

// Host adds a host with an IP of its own, 10.0.0.1 for the first.
func (n *Network) Host() *Host {
	n.mu.Lock()
	n.last++
	ip := netip.AddrFrom4([4]byte{10, byte(n.last >> 16), byte(n.last >> 8), byte(n.last)})
	n.mu.Unlock()
	return n.HostAt(ip)
}

// HostAt adds a host at an IP, in place of one that was there, which crashes.
func (n *Network) HostAt(ip netip.Addr) *Host {
	h := newHost(n, ip)
	n.mu.Lock()
	old := n.hosts[ip]
	n.hosts[ip] = h
	n.wake()
	n.mu.Unlock()
	if old != nil {
		old.Crash()
	}
	return h
}

// SetNormal replaces how every link behaves that was not set by itself.
func (n *Network) SetNormal(link Link) { n.update(func() { n.normal = link }) }

// SetLink replaces how the link from one host to another behaves, in that direction only.
func (n *Network) SetLink(from, to *Host, link Link) {
	n.update(func() { n.links[path{from.ip, to.ip}] = link })
}

// Cut lets nothing pass between the hosts of one group and those of the other.
func (n *Network) Cut(group, other []*Host) {
	n.CutOneWay(group, other)
	n.CutOneWay(other, group)
}

// CutOneWay lets nothing pass from the hosts of one group to those of the other; the way back stays open.
func (n *Network) CutOneWay(from, to []*Host) {
	n.update(func() {
		for _, a := range from {
			for _, b := range to {
				p := path{a.ip, b.ip}
				link := n.link(p)
				link.Cut = true
				n.links[p] = link
			}
		}
	})
}

// Heal makes every link normal again.
func (n *Network) Heal() { n.update(func() { clear(n.links) }) }

// update changes the network and wakes the streams that wait for a change.
func (n *Network) update(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	n.wake()
}

// wake is called with the lock held.
func (n *Network) wake() {
	close(n.change)
	n.change = make(chan struct{})
}

// link is called with the lock held.
func (n *Network) link(p path) Link {
	if link, ok := n.links[p]; ok {
		return link
	}
	return n.normal
}

// route says how p behaves now, who is at its end, and when that may change. A host that has vanished is behind a cut.
func (n *Network) route(p path) (Link, *Host, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	link, to := n.link(p), n.hosts[p.to]
	if from := n.hosts[p.from]; from != nil && from.vanished || to != nil && to.vanished {
		link.Cut = true
	}
	return link, to, n.change
}

// random is the source of chance of p. A path that leaves nothing to chance has none. Called with the lock held.
func (n *Network) random(p path) *rand.Rand {
	r := n.paths[p]
	if r == nil {
		r = rand.New(rand.NewPCG(n.seed, number(p.from)<<32|number(p.to)))
		n.paths[p] = r
	}
	return r
}

func number(ip netip.Addr) uint64 {
	b := ip.As16()
	return uint64(b[13])<<16 | uint64(b[14])<<8 | uint64(b[15])
}

// slots is the least common time grid of all paths: on no two paths, up to 999 hosts, does anything arrive at the same
// nanosecond, so that the scheduler has nothing to decide.
const slots = time.Millisecond

func (p path) slot() time.Duration {
	return time.Duration((number(p.from)*1000 + number(p.to)) % uint64(slots))
}

// delay draws how long something takes on p.
func (n *Network) delay(p path, link Link) time.Duration {
	delay := link.Latency
	if link.Jitter > 0 {
		n.mu.Lock()
		delay += time.Duration(n.random(p).Int64N(int64(link.Jitter)))
		n.mu.Unlock()
	}
	if delay <= 0 {
		return 0
	}
	arrives := time.Now().Add(delay)
	return delay + (p.slot()-time.Duration(arrives.Nanosecond())%slots+slots)%slots
}

// chance says yes with a probability of share.
func (n *Network) chance(p path, share float64) bool {
	if share <= 0 {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.random(p).Float64() < share
}

func (p path) String() string { return fmt.Sprintf("%v>%v", p.from, p.to) }
