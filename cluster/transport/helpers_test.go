package transport_test

import (
	"bytes"
	"crypto/sha256"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

const (
	kindA transport.Kind = 1
	kindB transport.Kind = 2
)

var secret = bytes.Repeat([]byte("0123456789abcdef"), 2)

// end is one transport of a test, and what it was sent.
type end struct {
	*transport.Transport
	host    *testcluster.Host
	keyring *transport.Keyring // nil where it has none
	log     lockedBuffer

	mu  sync.Mutex
	got []string // the messages of kind A
	who []string // and who sent them
}

// town is a network on virtual time.
func town(t *testing.T, test func(t *testing.T, n *testcluster.Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, testcluster.NewNetwork(1, testcluster.Link{Latency: time.Millisecond}))
	})
}

// sealed gives a config with the secret of this file.
func sealed(t *testing.T, self string) transport.Config {
	t.Helper()
	keyring, err := transport.NewKeyring(secret)
	if err != nil {
		t.Fatal(err)
	}
	return transport.Config{Self: self, Cluster: "test", Identity: keyring}
}

func plain(self string) transport.Config { return transport.Config{Self: self, Cluster: "test"} }

// open starts a transport on a host of its own, until the end of the test.
func open(t *testing.T, n *testcluster.Network, config transport.Config) *end {
	t.Helper()
	return openOn(t, n.Host(), config)
}

// openCounted is open, and counts what the transport sends and dials.
func openCounted(t *testing.T, n *testcluster.Network, config transport.Config) (*end, *counting) {
	t.Helper()
	host := n.Host()
	counted := &counting{Network: host}
	config.Network = counted
	return openOn(t, host, config), counted
}

func openOn(t *testing.T, host *testcluster.Host, config transport.Config) *end {
	t.Helper()
	e := &end{host: host}
	e.keyring, _ = config.Identity.(*transport.Keyring)
	if config.Network == nil {
		config.Network = host
	}
	config.Logger = zerolog.New(&e.log).Level(zerolog.WarnLevel)
	made, err := transport.New(config)
	if err != nil {
		t.Fatal(err)
	}
	e.Transport = made
	e.Handle(kindA, 100, e.take)
	e.Start()
	t.Cleanup(func() { e.Shutdown() })
	return e
}

func (e *end) take(from transport.From, payload []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got = append(e.got, string(payload))
	e.who = append(e.who, from.ID)
}

func (e *end) messages() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.got...)
}

// at is the address of an end, with its name where one is given.
func at(e *end, name ...string) transport.Address {
	address := transport.Address{Addr: e.Address()}
	if len(name) > 0 {
		address.Name = name[0]
	}
	return address
}

func send(t *testing.T, from *end, to transport.Address, message string) {
	t.Helper()
	if err := from.Send(kindA, to, []byte(message)); err != nil {
		t.Errorf("send: %v", err)
	}
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// counting counts what passes.
type counting struct {
	transport.Network
	datagrams, dials atomic.Int64
}

func (c *counting) WriteToAddress(b []byte, to transport.Address) (time.Time, error) {
	c.datagrams.Add(1)
	return c.Network.WriteToAddress(b, to)
}

func (c *counting) DialAddressTimeout(to transport.Address, timeout time.Duration) (net.Conn, error) {
	c.dials.Add(1)
	return c.Network.DialAddressTimeout(to, timeout)
}

// plainHeader is what precedes a message in a datagram that is not sealed.
func plainHeader(cluster string, kind byte) []byte {
	tag := sha256.Sum256([]byte("grapevine cluster " + cluster))
	return append(append([]byte{0xc1}, tag[:8]...), kind)
}
