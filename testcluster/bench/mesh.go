package main

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// mesh is transports that all talk to each other.
type mesh struct {
	heard      chan struct{}
	transports []*transport.Transport
}

func meshName(i int) string { return fmt.Sprintf("mesh-%d@1", i) }

// newMesh gives a mesh to close in any case.
func newMesh(g grapevine, n int) (*mesh, error) {
	m := &mesh{heard: make(chan struct{}, mostUnhandled)}
	for i := range n {
		t, err := g.listen(meshName(i), asIs, func(transport.From, []byte) { m.heard <- struct{}{} })
		if err != nil {
			return m, err
		}
		m.transports = append(m.transports, t)
	}
	return m, nil
}

// talk has every pair exchange a message, one pair after another, so that few goroutines exist at a time.
func (m *mesh) talk() error {
	for i := range m.transports {
		for j := range i {
			if err := m.tell(i, j); err != nil {
				return err
			}
			if err := m.tell(j, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *mesh) tell(from, to int) error {
	there := transport.Address{Addr: m.transports[to].Address(), Name: meshName(to)}
	if err := m.transports[from].Send(benchKind, there, []byte("hello")); err != nil {
		return err
	}
	select {
	case <-m.heard:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s was not reached within %v", there.Name, patience)
	}
}

func (m *mesh) close() {
	for _, t := range m.transports {
		t.Shutdown()
	}
}
