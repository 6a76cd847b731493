package testcluster

import (
	"net/http"
	"sync"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// Member is one member of a [Cluster]: a node and the host that it runs on.
type Member struct {
	*cluster.Node
	Host *Host

	cluster *Cluster
	config  cluster.Config
	work    sync.WaitGroup
	closers []func()
}

// Serve offers a service over HTTP on a port of the member's host. The service's address is set, and its requests in flight are
// its load, for those who probe.
func (m *Member) Serve(service membership.Service, handler http.Handler) (membership.Registration, error) {
	load := new(membership.Gauge)
	if err := m.ReportLoad(service.Name, load.InFlight); err != nil {
		return nil, err
	}
	listener, err := m.Host.Listen(0)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: endpoint.CountHTTP(load)(handler)}
	m.cluster.leaks.mark(func() {
		m.work.Go(func() { server.Serve(listener) }) // ends with an error when it is closed
	})
	m.closers = append(m.closers, func() { server.Close() })
	service.Address = listener.Addr().String()
	return m.Register(service)
}

// Client is an HTTP client whose connections begin at the member's host and obey the faults of the network.
func (m *Member) Client() *http.Client {
	transport := &http.Transport{DialContext: m.Host.DialContext}
	m.closers = append(m.closers, transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// stop ends the process that the member stands for.
func (m *Member) stop() {
	m.Node.Close()
	for _, closer := range m.closers {
		closer()
	}
	m.work.Wait()
}
