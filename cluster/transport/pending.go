package transport

import (
	"net"
	"net/netip"
	"slices"
	"time"
)

// pending is a connection that another side opened and that has not authenticated.
type pending struct {
	net.Conn
	host  netip.Addr // see hostOf
	since time.Time
}

// queue holds pending connections, the oldest first. They are first come, first served.
type queue struct {
	most   int // in all
	mostBy int // from one host
	conns  []*pending

	// debtor returns the place of a connection whose host has cost much for nothing, where that of c has not; -1 for none.
	// It is nil where no host does.
	debtor func(conns []*pending, c *pending) int

	by map[netip.Addr]int // how many of each host, while they are counted
}

// add takes a connection in, or returns false. Where there is no room it takes the place of evicted, see evictable.
func (q *queue) add(c *pending, patience time.Duration) (evicted *pending, ok bool) {
	if at, full := q.evictable(c, patience); full {
		if at < 0 {
			return nil, false
		}
		evicted = q.conns[at]
		q.conns = slices.Delete(q.conns, at, at+1)
	}
	q.conns = append(q.conns, c)
	return evicted, true
}

// evictable reports whether there is no room for c, and at which place the connection is that has to go for it, -1 for none.
// A host with more connections than the host of c would have gives up its oldest, so that one host cannot keep out others.
// So does a host whose handshakes have come to nothing before. Otherwise the oldest goes once it has waited for patience, so
// that nobody keeps out others for long.
func (q *queue) evictable(c *pending, patience time.Duration) (at int, full bool) {
	own := q.countOf(c.host)
	oldest := 0
	switch {
	case own >= q.mostBy:
		oldest = q.oldestOf(c.host)
	case len(q.conns) < q.most:
		return -1, false
	default:
		if greediest, count := q.greediest(); count > own+1 {
			return q.oldestOf(greediest), true
		}
		if q.debtor != nil {
			if at := q.debtor(q.conns, c); at >= 0 {
				return at, true
			}
		}
	}
	if c.since.Sub(q.conns[oldest].since) < patience {
		return -1, true
	}
	return oldest, true
}

func (q *queue) countOf(host netip.Addr) (count int) {
	for _, c := range q.conns {
		if c.host == host {
			count++
		}
	}
	return count
}

// greediest returns the host with the most connections, and how many. Of equal hosts the first to come counts. A flood asks
// for it at each connection, so the map is kept.
func (q *queue) greediest() (host netip.Addr, most int) {
	if q.by == nil {
		q.by = make(map[netip.Addr]int, q.most)
	}
	clear(q.by)
	for _, c := range q.conns {
		q.by[c.host]++
	}
	for _, c := range q.conns {
		if q.by[c.host] > most {
			host, most = c.host, q.by[c.host]
		}
	}
	return host, most
}

func (q *queue) oldestOf(host netip.Addr) int {
	return slices.IndexFunc(q.conns, func(c *pending) bool { return c.host == host })
}

// remove ends the wait of a connection, and reports whether it waited here.
func (q *queue) remove(c *pending) bool {
	at := slices.Index(q.conns, c)
	if at >= 0 {
		q.conns = slices.Delete(q.conns, at, at+1)
	}
	return at >= 0
}

// hostOf is what counts as one host: over IPv6 each has a network of 2^64 addresses.
func hostOf(ip netip.Addr) netip.Addr {
	if prefix, err := ip.WithZone("").Prefix(64); ip.Is6() && err == nil {
		return prefix.Addr()
	}
	return ip
}
