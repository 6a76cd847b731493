package transport

import (
	"bytes"
	"net"
	"syscall"
	"testing"
	"time"
)

// nowhere is a network beyond which nobody listens.
type nowhere struct{ Network }

func (nowhere) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return net.IPv4(10, 0, 0, 1), 7946, nil
}

func (nowhere) Shutdown() error                                   { return nil }
func (nowhere) WriteToAddress([]byte, Address) (time.Time, error) { return time.Now(), nil }
func (nowhere) DialAddressTimeout(Address, time.Duration) (net.Conn, error) {
	return nil, syscall.ECONNREFUSED
}

func idle(t testing.TB, identity Identity) *Transport {
	t.Helper()
	made, err := New(Config{Network: nowhere{}, Self: "a@1", Cluster: "c", Identity: identity})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { made.Shutdown() })
	return made
}

// FuzzIngest gives whatever may come as a datagram to a transport that seals, one that does not, and one that has a session
// with the sender.
func FuzzIngest(f *testing.F) {
	sealer, opener := sessionPair()
	f.Add(sealer.seal(kindPass, []byte("12345678"), time.Now()))
	f.Add(sealer.seal(kindAsk, make([]byte, MaxDatagram), time.Now()))
	f.Add(sealPlain(tagOf("c"), kindPass, []byte("12345678")))
	f.Add(sealPlain(tagOf("c"), kindPacket, []byte{0}))
	f.Add(sealPlain(tagOf("other"), kindPacket, []byte{0}))
	f.Add([]byte{sealedDatagram})
	f.Add([]byte{plainDatagram})
	keyring, err := NewKeyring(secretA)
	if err != nil {
		f.Fatal(err)
	}
	plain, sealed := idle(f, nil), idle(f, keyring)
	opener.peer = "b@1"
	opener.until = momentOf(time.Now().Add(time.Hour))
	sealed.book.install(opener, Address{Addr: "10.0.0.2:7946", Name: "b@1"}, false)
	from := &net.UDPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 7946}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		for _, at := range []*Transport{plain, sealed} {
			at.ingest(&Packet{Buf: bytes.Clone(datagram), From: from, Timestamp: time.Now()})
		drain:
			for {
				select {
				case packet := <-at.packets:
					if err := checkPacket(packet.Buf, ""); err != nil {
						t.Errorf("memberlist is given what it must not see: %v", err)
					}
				default:
					break drain
				}
			}
			if len(at.book.named) > 1 || len(at.book.sessions) > 1 {
				t.Errorf("%d peers and %d sessions after a stranger's datagram", len(at.book.named), len(at.book.sessions))
			}
		}
	})
}

// readOnly is a connection on which everything has come already.
type readOnly struct {
	net.Conn
	bytes.Reader
}

func (r *readOnly) Read(b []byte) (int, error)       { return r.Reader.Read(b) }
func (r *readOnly) Write(b []byte) (int, error)      { return len(b), nil }
func (r *readOnly) Close() error                     { return nil }
func (r *readOnly) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 1} }
func (r *readOnly) SetDeadline(time.Time) error      { return nil }
func (r *readOnly) SetReadDeadline(time.Time) error  { return nil }
func (r *readOnly) SetWriteDeadline(time.Time) error { return nil }

// FuzzLink gives whatever a peer may send over a link, and over a stream of memberlist's: what is in flight from the peer is
// bounded, and nothing of it is left at the end.
func FuzzLink(f *testing.F) {
	f.Add([]byte{0, 0, 0, 8, byte(kindPass), 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0, 0, 0, 0, 1, 0, 0, 0, 1, 200, 7})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, byte(kindPacket)})
	f.Add([]byte{0, 0, 0, 1, 0})
	at := idle(f, nil)
	at.Handle(1, 2, func(From, []byte) {}) // nobody empties it
	f.Fuzz(func(t *testing.T, sent []byte) {
		at.lanes[1].waiting = nil
		var r room
		l := newLink(&proven{Conn: &readOnly{Reader: *bytes.NewReader(sent)}})
		for at.serveFrame(l, &r) == nil {
			if r.used > mostRoom {
				t.Errorf("%d bytes are in flight", r.used)
			}
		}
		for d, ok := at.lanes[1].next(); ok; d, ok = at.lanes[1].next() {
			d.done()
		}
		stream := &exchange{proven: &proven{Conn: &readOnly{Reader: *bytes.NewReader(sent)}}, room: &r, refused: &at.stats.malformed, closing: at.ctx.Done(), closed: nothing}
		stream.until.Store(new(time.Time))
		for n, err := 0, error(nil); err == nil; n, err = stream.Read(make([]byte, 100)) {
			_ = n
		}
		stream.Close()
		if r.used != 0 {
			t.Errorf("%d bytes are in flight for ever", r.used)
		}
	})
}
