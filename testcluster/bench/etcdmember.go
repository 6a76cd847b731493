package main

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/etcdv3"
	"github.com/go-kit/log"
)

// etcdClients makes members that share a server.
type etcdClients struct{ server string }

const etcdPrefix = "/bench/"

// etcdMember registers itself, then follows all that are registered.
type etcdMember struct {
	server    string
	name      string
	clients   []*etcdClient // the first one watches
	instancer *etcdv3.Instancer
	passed    atomic.Uint64
	conns     atomic.Int64
	count     atomic.Int64 // of those that are registered
	tally
	events chan sd.Event
	work   sync.WaitGroup
}

func (k etcdClients) start(name string, _ []string, changed watcher) (member, error) {
	m := &etcdMember{server: k.server, name: name, events: make(chan sd.Event)}
	c, err := m.connect()
	if err != nil {
		return nil, err
	}
	if err := c.Register(etcdService(name)); err != nil {
		c.close()
		return nil, err
	}
	if m.instancer, err = etcdv3.NewInstancer(c, etcdPrefix, log.NewNopLogger()); err != nil {
		c.close()
		return nil, err
	}
	m.work.Go(func() { m.follow(changed) })
	m.instancer.Register(m.events)
	return m, nil
}

// etcdService has a value by which it is known among all instances.
func etcdService(name string) etcdv3.Service {
	return etcdv3.Service{Key: etcdPrefix + name, Value: name}
}

func (m *etcdMember) connect() (*etcdClient, error) {
	c, err := newEtcdClient(m.server, &m.passed, &m.conns)
	if err == nil {
		m.clients = append(m.clients, c)
	}
	return c, err
}

// follow tells of each change until there are no more.
func (m *etcdMember) follow(changed watcher) {
	var before []string
	for event := range m.events {
		if event.Err != nil {
			continue
		}
		changed(func(awaited news) bool {
			if awaited.gone || awaited.spared {
				return !slices.Contains(event.Instances, awaited.member)
			}
			return slices.Contains(event.Instances, awaited.service)
		})
		for _, instance := range before {
			if !slices.Contains(event.Instances, instance) {
				m.lost(instance)
			}
		}
		before = event.Instances
		m.count.Store(int64(len(before)))
	}
}

// registration takes a client of its own, as Go kit's Register ends the watch of the one that it is called on. That it has
// connected is not part of what is timed.
func (m *etcdMember) registration(service string) (func() error, error) {
	c, err := m.connect()
	if err != nil {
		return nil, err
	}
	if _, err := c.GetEntries(etcdPrefix + service); err != nil {
		return nil, err
	}
	return func() error { return c.Register(etcdService(service)) }, nil
}

func (m *etcdMember) address() string { return m.server }
func (m *etcdMember) listed() int     { return int(m.count.Load()) }
func (m *etcdMember) open() int       { return int(m.conns.Load()) }
func (m *etcdMember) sent() traffic   { return traffic{streams: m.passed.Load()} }
func (m *etcdMember) helpers() int    { return 1 } // follow

// leave deletes what was registered.
func (m *etcdMember) leave() error { return m.clients[0].Deregister(etcdService(m.name)) }

// close ends the watch first, while the instancer still takes what it finds.
func (m *etcdMember) close() error {
	for _, c := range m.clients {
		c.close()
	}
	m.instancer.Deregister(m.events)
	close(m.events)
	m.work.Wait()
	m.instancer.Stop()
	return nil
}
