package cluster

import (
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

const checksumSize = 5 // bytes that memberlist adds to a packet without counting them

func (n *Node) memberlistConfig() *memberlist.Config {
	c := n.carriedConfig()
	c.Transport = n.transport
	c.BindPort = int(n.address.Port()) // stands in for a port of 0 in messages
	return c
}

// carriedConfig is what the transport has to carry. The transport seals and knows the cluster, so
// that memberlist's own label and encryption are off.
func (n *Node) carriedConfig() *memberlist.Config {
	d := delegate{n}
	c := memberlist.DefaultLANConfig()
	c.Name = n.id.String()
	c.UDPBufferSize = transport.MaxDatagram - checksumSize
	c.EnableCompression = false
	c.GossipInterval, c.ProbeInterval, c.ProbeTimeout = gossipInterval, probeInterval, probeTimeout
	c.PushPullInterval = pushPullInterval
	c.TCPTimeout = streamTimeout
	c.Logger = n.lines
	c.Delegate, c.Events, c.Alive, c.Ping = d, d, d, d
	return c
}

const (
	// memberlist's LAN defaults, moved apart so that no two of its tickers ever fire at the same
	// instant: on virtual time the order would be left to the scheduler.
	gossipInterval = 201500 * time.Microsecond
	probeInterval  = 1003 * time.Millisecond
	probeTimeout   = 507250 * time.Microsecond

	// pushPullInterval is four times memberlist's: digests, which go with each probe, find
	// differences sooner.
	pushPullInterval = 2 * time.Minute

	streamTimeout = 5 * time.Second
)

// newTransport binds the sockets, unless the network is given, and seals them.
func (n *Node) newTransport(s settings) (*transport.Transport, error) {
	config := transport.Config{
		Network: s.Transport, Self: n.id.String(), Cluster: s.Cluster, Logger: s.Logger,
		Versions:   transport.Versions{Oldest: membership.OldestWireVersion, Newest: s.WireVersion},
		Memberlist: n.carriedConfig(),
		Alive:      n.alive,
		CheckState: checkState,
		Relayed:    n.heardByRelay,
		Absent:     n.absent,
	}
	switch {
	case s.TLS != nil:
		config.Identity = s.TLS
	case len(s.secrets) > 0:
		keyring, err := transport.NewKeyring(s.secrets...)
		if err != nil {
			return nil, err
		}
		n.keyring, config.Identity = keyring, keyring
	}
	if config.Network == nil {
		advertise, err := s.advertised()
		if err != nil {
			return nil, err
		}
		if config.Network, err = transport.Listen(s.bind, advertise, s.Logger); err != nil {
			return nil, s.bindError(err)
		}
	}
	made, err := transport.New(config)
	if err != nil {
		config.Network.Shutdown()
	}
	return made, err
}
