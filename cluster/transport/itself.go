package transport

import (
	"errors"
	"net/netip"
	"sync"
)

// ErrItself is returned by a dial that led back to this process, as a virtual IP or a load balancer may lead.
var ErrItself = errors.New("transport: the address leads back to this process")

const (
	mostArrivals    = 64 // addresses of this host that are remembered
	dialsPastItself = 3  // of which the last that leads back is an error
)

// arrivals are the local addresses at which this process accepted a connection of its own.
type arrivals struct {
	mu sync.Mutex
	at map[netip.AddrPort]bool
}

// noteArrival records where a connection of this process to itself arrived. It is called before the dialling side reads the
// answer, so that [Transport.Listens] is right by then.
func (t *Transport) noteArrival(p *proven) {
	at := addrPortOf(p.LocalAddr())
	t.arrivals.mu.Lock()
	defer t.arrivals.mu.Unlock()
	if t.arrivals.at == nil {
		t.arrivals.at = make(map[netip.AddrPort]bool)
	}
	if len(t.arrivals.at) < mostArrivals {
		t.arrivals.at[at] = true
	}
}

// Listens reports whether a dial of this process to address reached its own socket directly: nothing on the way can lead the
// next dial elsewhere. It is false for an address that was translated, and for one that was never dialled.
func (t *Transport) Listens(address string) bool {
	at, err := netip.ParseAddrPort(address)
	t.arrivals.mu.Lock()
	defer t.arrivals.mu.Unlock()
	return err == nil && t.arrivals.at[netip.AddrPortFrom(at.Addr().Unmap(), at.Port())]
}

// isItself reports whether an identity is that of this process.
func (t *Transport) isItself(id string) bool { return id == t.own.id }

// isOwn reports whether a message comes from this process. Where nothing says who sent a datagram, it
// does if it comes from an address of this process.
func (t *Transport) isOwn(from From) bool {
	if from.ID != "" || from.says != "" {
		return t.isItself(from.ID) || t.isItself(from.says)
	}
	address := from.Addr.String()
	return address == t.own.address || t.Listens(address)
}
