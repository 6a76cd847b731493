package main

import (
	"errors"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// over is memberlist, as it comes but for its own encryption and compression, over this module's transport: what that costs
// by itself, without records and all else that a member of this module's does.
type carried struct{ secret []byte }

const checksumSize = 5 // bytes that memberlist adds to a packet without counting them

type carriedMember struct {
	*counter
	*events
	list *memberlist.Memberlist
}

func (c carried) start(name string, seeds []string, changed watcher) (member, error) {
	sockets, err := listen()
	if err != nil {
		return nil, err
	}
	m := &carriedMember{counter: newCounter(sockets), events: &events{changed: changed}}
	t, err := grapevine{secret: c.secret}.transport(name, m.counter, func(transport.From, []byte) {})
	if err != nil {
		return nil, errors.Join(err, m.counter.Shutdown())
	}
	_, port, _ := t.FinalAdvertiseAddr("", 0) // New has asked for it, too
	config := memberlist.DefaultLANConfig()
	config.Name, config.Logger, config.Events, config.Transport = name, silence, m.events, t
	config.BindPort, config.AdvertisePort = port, port
	config.EnableCompression, config.UDPBufferSize = false, transport.MaxDatagram-checksumSize
	if m.list, err = memberlist.Create(config); err != nil {
		return nil, errors.Join(err, t.Shutdown())
	}
	if _, err := m.list.Join(seeds); err != nil {
		return nil, errors.Join(err, m.list.Shutdown())
	}
	return m, nil
}

func (m *carriedMember) address() string { return m.list.LocalNode().Address() }
func (m *carriedMember) listed() int     { return m.list.NumMembers() }
func (m *carriedMember) helpers() int    { return 1 } // the counter's pass
func (m *carriedMember) close() error    { return m.list.Shutdown() }
