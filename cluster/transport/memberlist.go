package transport

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// This is the transport as the memberlist of package cluster sees it: a NodeAwareTransport.

// MaxStream is how many bytes one message of memberlist's may have on a stream.
const MaxStream = 1 << 20

// FinalAdvertiseAddr is called by memberlist when it is made. From then on what is written to t is
// checked: what the transport cannot carry is an error.
func (t *Transport) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) {
	t.adopted.by(func() { t.log.Error().Err(errNotStarted).Msg("cluster: memberlist hears nothing") })
	return t.network.FinalAdvertiseAddr(ip, port)
}

func (t *Transport) PacketCh() <-chan *Packet  { return t.packets }
func (t *Transport) StreamCh() <-chan net.Conn { return t.streams }

func (t *Transport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, Address{Addr: addr})
}

func (t *Transport) WriteToAddress(b []byte, to Address) (time.Time, error) {
	if err := t.adopted.err(); err != nil {
		return time.Time{}, err
	}
	if kind, short, ok := t.shorten(b, to); ok {
		return time.Now(), t.Send(kind, to, short)
	}
	if err := t.mayCarry(b); err != nil {
		return time.Time{}, err
	}
	return time.Now(), t.Send(kindPacket, to, b)
}

// passPacket gives memberlist a packet that it can be trusted with.
func (t *Transport) passPacket(b []byte, from From, at time.Time) {
	if err := checkPacket(b, from.ID); err != nil {
		t.stats.malformed.Add(1)
		t.warnRefused(err, "cluster: dropped a packet")
		return
	}
	t.queue(&Packet{Buf: b, From: net.UDPAddrFromAddrPort(from.Addr), Timestamp: at})
}

// Inject gives memberlist a packet as if it had come from the network. It is lost when too many wait; one that memberlist
// must not see is an error.
func (t *Transport) Inject(packet *Packet) error {
	if err := checkPacket(packet.Buf, ""); err != nil {
		return err
	}
	t.queue(packet)
	return nil
}

func (t *Transport) queue(packet *Packet) {
	select {
	case t.packets <- packet:
	default:
		t.stats.lostPackets.Add(1)
	}
}

func (t *Transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(Address{Addr: addr}, timeout)
}

// DialAddressTimeout opens a stream for one exchange. Where the address has a name, only that member will do, and otherwise any
// but this process itself. A dial that leads back is repeated at once, as a load balancer takes its members by turns; in the
// end it is an [ErrItself].
func (t *Transport) DialAddressTimeout(to Address, timeout time.Duration) (net.Conn, error) {
	if err := t.adopted.err(); err != nil {
		return nil, err
	}
	until := time.Now().Add(timeout)
	for range dialsPastItself {
		p, err := t.dial(t.ctx, to.Addr, to.Name, time.Until(until), forStream)
		if err != nil {
			return nil, err
		}
		if !t.isItself(p.hello.id) {
			return t.exchange(p, true, nothing), nil
		}
		p.Close()
	}
	return nil, ErrItself
}

// exchange is a stream of memberlist's: each side writes one message in one piece, and gets the other's only when all of it
// has come and was found sound.
type exchange struct {
	*proven
	reply   bool       // what this side reads is an answer
	over    *Transport // nil: what is written is not checked, nor what is refused logged
	room    *room
	refused *atomic.Uint64 // counts what memberlist must not see
	closing <-chan struct{}
	closed  func()

	until atomic.Pointer[time.Time] // when reading has to end
	rest  []byte                    // of the message that is being read
	taken int                       // bytes of room
	once  sync.Once
}

func (t *Transport) exchange(p *proven, reply bool, closed func()) *exchange {
	e := &exchange{
		proven: p, reply: reply, over: t, room: t.book.room(p.hello.sender()),
		refused: &t.stats.malformed, closing: t.ctx.Done(), closed: closed,
	}
	e.until.Store(new(time.Time))
	return e
}

func (e *exchange) SetDeadline(until time.Time) error {
	e.until.Store(&until)
	return e.proven.SetDeadline(until)
}

func (e *exchange) SetReadDeadline(until time.Time) error {
	e.until.Store(&until)
	return e.proven.SetReadDeadline(until)
}

func (e *exchange) Write(b []byte) (int, error) {
	if len(b) > MaxStream {
		return 0, fmt.Errorf("transport: a message of %d bytes on a stream, %d at most: %s", len(b), MaxStream,
			"the list of members and a Delegate's LocalState must fit in")
	}
	if e.over != nil && e.over.adopted.isAdopted() {
		if err := e.over.checkOwnStream(b, !e.reply); err != nil {
			return 0, err
		}
	}
	if _, err := e.proven.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (e *exchange) Read(b []byte) (int, error) {
	if len(e.rest) == 0 {
		if err := e.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func (e *exchange) next() error {
	var header [4]byte
	if _, err := io.ReadFull(e.proven, header[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(header[:])
	if size == 0 || size > MaxStream || e.taken > 0 {
		e.refused.Add(1)
		return fmt.Errorf("%w: a message of %d bytes, on a stream for one of up to %d", errMalformed, size, MaxStream)
	}
	if err := e.room.take(int(size), e.closing, *e.until.Load()); err != nil {
		return err
	}
	e.taken = int(size)
	message := make([]byte, size)
	if _, err := io.ReadFull(e.proven, message); err != nil {
		return err
	}
	if err := checkStream(message, e.reply); err != nil {
		e.refused.Add(1)
		if e.over != nil {
			e.over.warnRefused(err, "cluster: refused a stream")
		}
		return err
	}
	e.rest = message
	return nil
}

func (e *exchange) Close() error {
	e.once.Do(func() {
		e.room.give(e.taken)
		e.closed()
	})
	return e.proven.Close()
}
