package main

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"

	"github.com/miekg/dns"

	"github.com/grapevine-go/grapevine/endpoint/dnsendpoint"
)

// dnsHandling is a DNS server in Go.
type dnsHandling interface {
	Serve(net.PacketConn) error
	ServeTCP(net.Listener) error
	Shutdown(context.Context) error
}

// dnsAllocated is the last line of a DNS server: what it allocated since its hello.
type dnsAllocated struct{ Bytes uint64 }

// beDNSServer answers by UDP and TCP, at the same port, until ctx is done.
func beDNSServer(ctx context.Context, s childSpec) error {
	udp, tcp, err := listenDNS()
	if err != nil {
		return err
	}
	view := dnsView(s.Members)
	var server dnsHandling
	switch s.System {
	case dnsOurs:
		server = &dnsendpoint.Server{View: view, Zone: dnsZone}
	case dnsMiekg:
		server = newMiekg((&miekgPrepared{view: view}).records)
	case dnsMiekgNew:
		server = newMiekg(miekgEachQuery{view}.records)
	}
	failed := make([]error, 2)
	var work sync.WaitGroup
	work.Go(func() { failed[0] = server.Serve(udp) })
	work.Go(func() { failed[1] = server.ServeTCP(tcp) })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := tell(hello{udp.LocalAddr().String()}); err != nil {
		return err
	}
	<-ctx.Done()
	runtime.ReadMemStats(&after)
	err = tell(dnsAllocated{after.TotalAlloc - before.TotalAlloc})
	if ended := server.Shutdown(context.Background()); ended != nil {
		return ended
	}
	work.Wait()
	for _, one := range failed {
		if !errors.Is(one, dnsendpoint.ErrServerClosed) {
			err = errors.Join(err, one)
		}
	}
	return err
}

const dnsListenTries = 20

// listenDNS returns two sockets at one port.
func listenDNS() (udp net.PacketConn, tcp net.Listener, err error) {
	for range dnsListenTries {
		if udp, err = net.ListenPacket("udp", loopback.String()); err != nil {
			return nil, nil, err
		}
		if tcp, err = net.Listen("tcp", udp.LocalAddr().String()); err == nil {
			return udp, tcp, nil
		}
		udp.Close()
	}
	return nil, nil, err
}

// miekg is a server on github.com/miekg/dns.
type miekg struct {
	mu      sync.Mutex
	servers []*dns.Server
	dns.Handler
}

func newMiekg(records miekgRecords) *miekg { return &miekg{Handler: records} }

func (m *miekg) Serve(conn net.PacketConn) error { return m.serve(&dns.Server{PacketConn: conn}) }
func (m *miekg) ServeTCP(listener net.Listener) error {
	return m.serve(&dns.Server{Listener: listener})
}

func (m *miekg) serve(s *dns.Server) error {
	s.Handler = m.Handler
	m.mu.Lock()
	m.servers = append(m.servers, s)
	m.mu.Unlock()
	return s.ActivateAndServe()
}

func (m *miekg) Shutdown(ctx context.Context) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.servers {
		err = errors.Join(err, s.ShutdownContext(ctx))
	}
	return err
}
