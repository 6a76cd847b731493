package cluster

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// nowhere is a Transport beyond which nobody listens.
type nowhere struct{ Transport }

func (nowhere) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return net.IPv4(10, 0, 0, 1), 7946, nil
}

func (nowhere) PacketCh() <-chan *Packet  { return nil }
func (nowhere) StreamCh() <-chan net.Conn { return nil }
func (nowhere) Shutdown() error           { return nil }

func (nowhere) WriteToAddress([]byte, Address) (time.Time, error) { return time.Now(), nil }

func (nowhere) DialAddressTimeout(Address, time.Duration) (net.Conn, error) {
	return nil, syscall.ECONNREFUSED
}

// idleNode is the node "self" before it starts: it takes what memberlist tells it, and nothing happens.
func idleNode(t testing.TB, log zerolog.Logger) *Node {
	t.Helper()
	return idleNodeOn(t, nowhere{}, log)
}

func idleNodeOn(t testing.TB, network Transport, log zerolog.Logger) *Node {
	t.Helper()
	s := settings{Config: Config{Name: "self", Transport: network, Logger: log, WireVersion: membership.WireVersion}}
	n, err := newNode(s)
	if err != nil {
		t.Fatal(err)
	}
	config := n.memberlistConfig()
	config.Logger, config.Events = logBridge(zerolog.Nop()), nil
	if n.list, err = memberlist.Create(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.cancel)
	t.Cleanup(func() { n.list.Shutdown() })
	return n
}

// receive gives n a message as if it had come from somebody whom nothing authenticates.
func receive(n *Node, message []byte) {
	if len(message) == 0 {
		return
	}
	if handle := n.handlers()[transport.Kind(message[0])]; handle != nil {
		handle(transport.From{}, message[1:])
	}
}

// recordOf is a record of the first boot of name, which offers a service.
func recordOf(name string) membership.Record {
	return membership.Record{
		Name: name, Boot: membership.Boot{Number: 1, ID: 0xc0ffee}, Version: 7, Zone: "eu-1",
		Services: []membership.Service{{Name: "users", Address: "10.0.0.7:80", Weight: 100}},
		Metadata: map[string]string{"rack": "12"},
		Started:  time.UnixMilli(1234567890123).UTC(),
	}
}

func mustEncode(t testing.TB, r membership.Record) []byte {
	t.Helper()
	encoded, err := r.Encode(nil, membership.WireVersion)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
