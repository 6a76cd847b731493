package main

import (
	"errors"
	"io"
	"log"
	"sync/atomic"

	"github.com/hashicorp/memberlist"
)

// plain is memberlist as it comes, on loopback. Without a key nothing is sealed.
type plain struct{ key []byte }

var silence = log.New(io.Discard, "", 0)

// create makes a memberlist on sockets of its own.
func (p plain) create(name string, wrap func(network) network, adjust func(*memberlist.Config)) (*memberlist.Memberlist, error) {
	config := memberlist.DefaultLANConfig()
	config.Name, config.SecretKey, config.Logger = name, p.key, silence
	config.BindAddr = loopback.Addr().String()
	sockets, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{BindAddrs: []string{config.BindAddr}, Logger: silence})
	if err != nil {
		return nil, err
	}
	config.BindPort = sockets.GetAutoBindPort()
	config.AdvertisePort = config.BindPort
	config.Transport = wrap(sockets)
	adjust(config)
	list, err := memberlist.Create(config)
	if err != nil {
		config.Transport.Shutdown()
	}
	return list, err
}

type plainMember struct {
	*counter
	*departures
	list *memberlist.Memberlist
}

func (p plain) start(name string, seeds []string) (member, error) {
	m := &plainMember{departures: new(departures)}
	count := func(n network) network {
		m.counter = newCounter(n)
		return m.counter
	}
	list, err := p.create(name, count, func(c *memberlist.Config) { c.Events = m.departures })
	if err != nil {
		return nil, err
	}
	m.list = list
	if _, err := list.Join(seeds); err != nil {
		return nil, errors.Join(err, list.Shutdown())
	}
	return m, nil
}

func (m *plainMember) address() string { return m.list.LocalNode().Address() }
func (m *plainMember) listed() int     { return m.list.NumMembers() }
func (m *plainMember) helpers() int    { return 1 } // the counter's pass
func (m *plainMember) close() error    { return m.list.Shutdown() }

// departures is an EventDelegate that counts members that left.
type departures struct{ lost atomic.Int64 }

func (d *departures) NotifyJoin(*memberlist.Node)   {}
func (d *departures) NotifyUpdate(*memberlist.Node) {}
func (d *departures) NotifyLeave(*memberlist.Node)  { d.lost.Add(1) }
func (d *departures) leaves() int                   { return int(d.lost.Load()) }
