package main

import (
	"errors"
	"io"
	"log"

	"github.com/hashicorp/memberlist"
)

// plain is memberlist as it comes, on loopback. Without a key nothing is sealed.
type plain struct{ key []byte }

var silence = log.New(io.Discard, "", 0)

// config is memberlist's own for a LAN, on sockets of its own. Whoever gets it shuts its transport down.
func (p plain) config(name string, wrap func(network) network) (*memberlist.Config, error) {
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
	return config, nil
}

func (p plain) create(name string, wrap func(network) network, adjust func(*memberlist.Config)) (*memberlist.Memberlist, error) {
	config, err := p.config(name, wrap)
	if err != nil {
		return nil, err
	}
	adjust(config)
	list, err := memberlist.Create(config)
	if err != nil {
		config.Transport.Shutdown()
	}
	return list, err
}

type plainMember struct {
	*counter
	*events
	label
	list *memberlist.Memberlist
}

func (p plain) start(name string, seeds []string, changed watcher) (member, error) {
	m := &plainMember{events: &events{changed: changed}}
	list, err := p.create(name, countInto(&m.counter), func(c *memberlist.Config) { c.Events, c.Delegate = m.events, &m.label })
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
func (m *plainMember) leave() error    { return m.list.Leave(patience) }
func (m *plainMember) close() error    { return m.list.Shutdown() }

// registration puts the service's name into the metadata.
func (m *plainMember) registration(service string) (func() error, error) {
	return func() error {
		m.label.set(service)
		return m.list.UpdateNode(patience)
	}, nil
}
