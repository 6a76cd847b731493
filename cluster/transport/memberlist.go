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

const exchangePart = 64 << 10 // bytes of a message on a stream for which there must be room at a time

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
	if err := t.mayCarry(b); err != nil {
		return time.Time{}, err
	}
	b = t.numbered(b, to)
	kind, short, ok := t.shorten(b, to)
	if !ok {
		kind, short = kindPacket, b
	}
	if kind == kindAck && t.identity == nil {
		if at, alive := t.alive(to.Name); !alive || at != to.Addr { // a stranger gets a datagram, see Reply
			return time.Now(), t.write(nil, to, kind, short, time.Now())
		}
	}
	return time.Now(), t.Send(kind, to, short)
}

// passPacket gives memberlist a packet that it can be trusted with.
func (t *Transport) passPacket(b []byte, from From, at time.Time) {
	if err := checkPacket(b, from.ID); err != nil {
		t.stats.malformed.Add(1)
		t.warnRefused(err, "cluster: dropped a packet")
		return
	}
	t.pass(b, from, at)
}

// pass hands memberlist what it may act on.
func (t *Transport) pass(b []byte, from From, at time.Time) {
	if b = t.sift(b, from); b == nil {
		return
	}
	answer := from.Addr
	if from.home.IsValid() { // a stream comes from a port that takes nothing
		answer = from.home
	}
	t.queue(from, &Packet{Buf: b, From: net.UDPAddrFromAddrPort(answer), Timestamp: at})
}

// Introduce tells memberlist that a member is alive, in memberlist's words, on the word of another
// or of itself. Unless it is known at that address, it has to answer there first. What cannot be
// read is an error; what is too much is dropped.
func (t *Transport) Introduce(by From, alive []byte) error {
	if err := checkPacket(alive, ""); err != nil {
		return err
	}
	t.pass(alive, by, time.Now())
	return nil
}

// queue adds a packet for memberlist. Once as many wait as memberlist takes at once, senders take turns.
func (t *Transport) queue(from From, packet *Packet) {
	if t.unparsed.empty() {
		select {
		case t.packets <- packet:
			return
		default:
		}
	}
	t.unparsed.put(delivery{from: from, packet: packet, done: nothing})
}

// handOver hands a packet to memberlist when it takes one.
func (t *Transport) handOver(d delivery) {
	select {
	case t.packets <- d.packet:
	case <-t.ctx.Done():
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
	message, err := e.receive(int(size))
	if err != nil {
		return err
	}
	err = checkStream(message, e.reply)
	if err == nil && e.over != nil && message[0] == mlPushPull {
		message = e.over.siftPushPull(message, e.proven, e.reply)
	}
	if err != nil {
		e.refused.Add(1)
		if e.over != nil {
			e.over.warnRefused(err, "cluster: refused a stream")
		}
		return err
	}
	e.rest = message
	return nil
}

// receive reads a message a part at a time, so that one that does not come holds room for a part.
func (e *exchange) receive(size int) (message []byte, err error) {
	for len(message) < size {
		begin, part := len(message), min(exchangePart, size-len(message))
		if err := e.room.take(part, e.closing, *e.until.Load()); err != nil {
			return nil, err
		}
		e.taken += part
		message = append(message, make([]byte, part)...)
		if _, err := io.ReadFull(e.proven, message[begin:]); err != nil {
			return nil, err
		}
	}
	return message, nil
}

func (e *exchange) Close() error {
	e.once.Do(func() {
		e.room.give(e.taken)
		e.closed()
	})
	return e.proven.Close()
}
