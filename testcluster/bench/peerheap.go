package main

import (
	"runtime"
	"time"
)

// benchPeerHeap measures what one more peer with keys costs a transport. All transports of a mesh talk to all others: what
// the heap grew by, divided by the ends of the pairs, is what a transport keeps of one peer on average. What a transport
// takes itself is there before.
func benchPeerHeap(o options) (rows []Row, err error) {
	g := systems(sealed)[0].kind.(grapevine)
	if err := g.warmUp(); err != nil {
		return nil, err
	}
	m, err := newMesh(g, o.mesh)
	defer m.close()
	if err != nil {
		return nil, err
	}
	before, goroutines := liveHeap(), runtime.NumGoroutine()
	if err := m.talk(); err != nil {
		return nil, err
	}
	if err := settle(goroutines); err != nil {
		return nil, err
	}
	rightAfter := m.each(before)
	time.Sleep(o.rest)
	row := Row{What: "transport", System: sealed, N: o.mesh, Metric: "heap of a peer", Unit: "B"}
	return []Row{row.in("right after").of(rightAfter), row.in("ciphers let go").of(m.each(before))}, nil
}

// warmUp does what stays on the heap after the first handshake of a process.
func (g grapevine) warmUp() error {
	m, err := newMesh(g, 2)
	defer m.close()
	if err != nil {
		return err
	}
	return m.talk()
}

// each is by what the heap grew for one end of a pair.
func (m *mesh) each(before uint64) float64 {
	ends := len(m.transports) * (len(m.transports) - 1)
	return (float64(liveHeap()) - float64(before)) / float64(ends)
}
