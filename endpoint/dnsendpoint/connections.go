package dnsendpoint

import (
	"net/netip"
	"sync"
	"time"
)

const mostConnections = 150 // of a Server; tcp-clients of BIND

// connections are those that are open.
type connections struct {
	mu   sync.Mutex
	open map[*connection]struct{}
}

// add counts a connection, and closes another if there are too many.
func (cs *connections) add(c *connection) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.open == nil {
		cs.open = make(map[*connection]struct{})
	}
	if len(cs.open) >= mostConnections {
		victim := cs.victim()
		delete(cs.open, victim)
		victim.replace() // its goroutine ends
	}
	cs.open[c] = struct{}{}
}

func (cs *connections) remove(c *connection) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, c)
}

// use records that a connection has sent a query.
func (cs *connections) use(c *connection) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c.used = time.Now()
}

// victim returns the connection that has been idle longest, of the network that has the most: so
// one network cannot push out the connections of others.
func (cs *connections) victim() (victim *connection) {
	of := make(map[netip.Prefix]int)
	for c := range cs.open {
		of[c.prefix]++
	}
	for c := range cs.open {
		if victim == nil || of[c.prefix] > of[victim.prefix] ||
			of[c.prefix] == of[victim.prefix] && c.used.Before(victim.used) {
			victim = c
		}
	}
	return victim
}
