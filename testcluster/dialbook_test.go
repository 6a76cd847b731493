package testcluster_test

import (
	"net"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// dialBook counts the streams that one member opens, by the address that it dials.
type dialBook struct {
	cluster.Transport
	mu    *sync.Mutex
	dials map[string]int
}

func newDialBook(on cluster.Transport) dialBook {
	return dialBook{on, new(sync.Mutex), make(map[string]int)}
}

func (b dialBook) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	b.mu.Lock()
	b.dials[to.Addr]++
	b.mu.Unlock()
	return b.Transport.DialAddressTimeout(to, timeout)
}

// count gives how often an address was dialled since the last clear.
func (b dialBook) count(address string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dials[address]
}

func (b dialBook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.dials)
}
