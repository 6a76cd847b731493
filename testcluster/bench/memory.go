package main

import (
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// memory carries datagrams within the process, so that the kernel is not what is measured. Streams go the way they went.
type memory struct {
	mu    sync.RWMutex
	ports map[string]*memoryPort
}

const memoryQueue = 256 // datagrams that wait at a port; more are lost

type memoryPort struct {
	network
	memory  *memory
	addr    *net.UDPAddr
	packets chan *memberlist.Packet
}

func newMemory() *memory { return &memory{ports: make(map[string]*memoryPort)} }

// plug gives a port at the address that inner has.
func (m *memory) plug(inner network) network {
	ip, port, _ := inner.FinalAdvertiseAddr("", 0) // of sockets that are bound
	p := &memoryPort{inner, m, &net.UDPAddr{IP: ip, Port: port}, make(chan *memberlist.Packet, memoryQueue)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ports[net.JoinHostPort(ip.String(), strconv.Itoa(port))] = p
	return p
}

func (p *memoryPort) PacketCh() <-chan *memberlist.Packet { return p.packets }

func (p *memoryPort) WriteTo(b []byte, addr string) (time.Time, error) {
	return p.WriteToAddress(b, memberlist.Address{Addr: addr})
}

// WriteToAddress copies, as the kernel would.
func (p *memoryPort) WriteToAddress(b []byte, to memberlist.Address) (time.Time, error) {
	p.memory.mu.RLock()
	there := p.memory.ports[to.Addr]
	p.memory.mu.RUnlock()
	now := time.Now()
	if there != nil {
		select {
		case there.packets <- &memberlist.Packet{Buf: slices.Clone(b), From: p.addr, Timestamp: now}:
		default:
		}
	}
	return now, nil
}
