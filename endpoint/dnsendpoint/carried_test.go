package dnsendpoint

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/grapevine-go/grapevine/membership"
)

// What the tests of UDP, TCP and Shutdown share: a server with n instances of catalog, queries for
// them, and sockets.

const catalogName = "catalog.service.test.internal."

// carried returns a server for n instances of catalog.
func carried(n int) *Server {
	return &Server{View: catalogOf(n).View(), Zone: "test.internal."}
}

func catalogOf(n int) *membership.Store {
	store := membership.NewStore("me")
	for i := range n {
		record := membership.Record{
			Name:     fmt.Sprint("catalog-", i+1),
			Boot:     membership.Boot{Number: 1, ID: 7},
			Version:  1,
			Services: []membership.Service{{Name: "catalog", Address: fmt.Sprintf("10.7.%d.%d:8080", i/250, 1+i%250)}},
		}
		store.Apply(membership.Heard{Record: record}, membership.Up{Name: record.Name, BootID: record.Boot.ID})
	}
	return store
}

// queryOf makes a query for the addresses of name. EDNS allows 4096 bytes.
func queryOf(id uint16, name string) []byte { return queryWith(id, name, dnsmessage.TypeA, nil) }

// queryWith holds a COOKIE option unless cookie is nil.
func queryWith(id uint16, name string, kind dnsmessage.Type, cookie []byte) []byte {
	opt := &dnsmessage.OPTResource{}
	if cookie != nil {
		opt.Options = []dnsmessage.Option{{Code: 10, Data: cookie}}
	}
	message := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
		Additionals: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("."), Class: 4096, Type: dnsmessage.TypeOPT},
			Body:   opt,
		}},
	}
	packed, err := message.Pack()
	if err != nil {
		panic(err)
	}
	return packed
}

// parsed fails the test for what is no response.
func parsed(t *testing.T, response []byte) (m dnsmessage.Message) {
	t.Helper()
	if err := m.Unpack(response); err != nil {
		t.Fatalf("not a message: %x: %v", response, err)
	}
	if !m.Response {
		t.Fatalf("not a response: %v", m.GoString())
	}
	return m
}

// checkAnswer holds that a response has an ID and so many addresses.
func checkAnswer(t *testing.T, response []byte, id uint16, addresses int) {
	t.Helper()
	if m := parsed(t, response); m.ID != id || m.RCode != dnsmessage.RCodeSuccess || m.Truncated || len(m.Answers) != addresses {
		t.Errorf("response %d has rcode %v, truncated %v, %d answers, want response %d with %d answers",
			m.ID, m.RCode, m.Truncated, len(m.Answers), id, addresses)
	}
}

// cookieIn returns the whole COOKIE option of a response, nil if it has none.
func cookieIn(t *testing.T, response []byte) []byte {
	t.Helper()
	for _, extra := range parsed(t, response).Additionals {
		if opt, ok := extra.Body.(*dnsmessage.OPTResource); ok {
			for _, option := range opt.Options {
				if option.Code == 10 {
					return option.Data
				}
			}
		}
	}
	return nil
}

// serveWhile runs serve, and ends the server with the test. What it returns then must be
// ErrServerClosed.
func serveWhile(t *testing.T, s *Server, serve func() error) {
	ended := make(chan error, 1)
	go func() { ended <- serve() }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error("shutdown:", err)
		}
		if err := <-ended; !errors.Is(err, ErrServerClosed) {
			t.Errorf("serve returned %v, want ErrServerClosed", err)
		}
	})
}

// framed puts the length of each message before it, as TCP has it.
func framed(messages ...[]byte) (all []byte) {
	for _, m := range messages {
		all = append(binary.BigEndian.AppendUint16(all, uint16(len(m))), m...)
	}
	return all
}

// readFrame reads one message.
func readFrame(r io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, message)
	return message, err
}

// wire is a PacketConn without a system: a test sends from any address, also a forged one, and sees
// the answers to all.
type wire struct {
	sent    chan datagram
	answers chan datagram
	broken  error // of each read, if there is one

	once, expire    sync.Once
	closed, expired chan struct{}
}

type datagram struct {
	text []byte
	peer netip.AddrPort // the client
}

func newWire() *wire {
	return &wire{sent: make(chan datagram), answers: make(chan datagram, 1<<16),
		closed: make(chan struct{}), expired: make(chan struct{})}
}

func (w *wire) send(from string, text []byte) {
	w.sent <- datagram{text, netip.MustParseAddrPort(from)}
}

func (w *wire) ReadFrom(b []byte) (int, net.Addr, error) {
	if w.broken != nil {
		return 0, nil, w.broken
	}
	select {
	case d := <-w.sent:
		return copy(b, d.text), net.UDPAddrFromAddrPort(d.peer), nil
	case <-w.closed:
		return 0, nil, net.ErrClosed
	case <-w.expired:
		return 0, nil, errTimeout{}
	}
}

func (w *wire) WriteTo(b []byte, to net.Addr) (int, error) {
	w.answers <- datagram{bytes.Clone(b), to.(*net.UDPAddr).AddrPort()}
	return len(b), nil
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// SetReadDeadline knows that of Shutdown only.
func (w *wire) SetReadDeadline(time.Time) error {
	w.expire.Do(func() { close(w.expired) })
	return nil
}

func (w *wire) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.0.0.1:53"))
}
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

type errTimeout struct{}

func (errTimeout) Error() string { return "timeout" }

// loopbackUDP returns a socket of a server, and one that is connected to it.
func loopbackUDP(t *testing.T) (server, client *net.UDPConn) {
	t.Helper()
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	client, err = net.DialUDP("udp4", nil, server.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return server, client
}

// ask sends a query until it is answered, as a client does: the system may drop datagrams.
func ask(t *testing.T, client net.Conn, query []byte) []byte {
	t.Helper()
	buf := make([]byte, 4096)
	for range 100 {
		client.Write(query)
		client.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if n, err := client.Read(buf); err == nil {
			return buf[:n]
		}
	}
	t.Fatal("no answer")
	return nil
}

func loggerTo(w io.Writer) zerolog.Logger { return zerolog.New(zerolog.SyncWriter(w)) }
