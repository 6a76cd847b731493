package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxMessage is how many bytes a message may have.
const MaxMessage = 128 << 10

var errDropped = errors.New("transport: dropped: too much waits for this peer")

// Send sends a message as a datagram, without waiting for anything: where there are no keys yet, or datagrams of that size
// do not get through, it waits in a queue for its peer and goes by stream. As with UDP, what is lost is lost: an error says
// only that the message could not be one. Where the address has a name, only that member can read it.
func (t *Transport) Send(kind Kind, to Address, payload []byte) error {
	if len(payload) > MaxMessage {
		return tooLarge(payload)
	}
	if t.ctx.Err() != nil {
		return ErrClosed
	}
	p, now := t.book.peer(to), time.Now()
	p.mu.Lock()
	p.used = momentOf(now)
	s := p.current(now)
	may := s == nil || t.mayGo(p, to.Addr, len(payload), now)
	if may && (s != nil || t.identity == nil) && t.passable(p, len(payload), now) {
		p.mu.Unlock()
		err := t.write(s, to, kind, payload, now)
		if err == nil || !t.refusedHere(p, to, err) {
			return err
		}
		p.mu.Lock()
	}
	return t.leave(p, to, &parcel{kind: kind, payload: slices.Clone(payload), back: !may}, now)
}

const (
	firstCredit = 4 << 10 // bytes: less than the handshake of the peer
	moreCredit  = 3       // for each byte of the peer's, as in QUIC (RFC 9000, section 8.1)
	mostCredit  = 16 << 10
)

// mayGo reports whether a message may go by datagram to an address. A peer says itself where it is
// dialled, and may name somebody else. Until it has proven that it is there, no more goes there than
// a few times what it sent. The rest goes by the connection that it opened, or by a dial, which is proof.
// It is called with the peer's lock held.
func (t *Transport) mayGo(p *peer, address string, bytes int, now time.Time) bool {
	if t.proved.has(address, p.id) {
		return true
	}
	if p.link != nil && p.link.usable(now) || p.credit < bytes {
		return false
	}
	p.credit -= bytes
	return true
}

// Reply sends a message to whoever sent one, as Send does. A stranger, of whom there are some where nothing is sealed, gets a
// datagram and nothing more: answer with no more bytes than it sent.
func (t *Transport) Reply(kind Kind, from From, payload []byte) {
	if p := t.book.asker(from); p != nil {
		p.mu.Lock()
		to := Address{Addr: p.address, Name: p.id} // rather than what a datagram seems to come from
		p.mu.Unlock()
		if t.identity != nil && !from.home.IsValid() && !t.proved.has(to.Addr, to.Name) {
			to.Addr = from.Addr.String()
		}
		_ = t.Send(kind, to, payload)
	} else if t.identity == nil && from.says == "" {
		_ = t.write(nil, Address{Addr: from.Addr.String()}, kind, payload, time.Now())
	}
}

func tooLarge(payload []byte) error {
	return fmt.Errorf("transport: a message of %d bytes, %d at most", len(payload), MaxMessage)
}

// write sends a datagram now.
func (t *Transport) write(s *session, to Address, kind Kind, payload []byte, now time.Time) error {
	var datagram []byte
	if s != nil {
		datagram = s.seal(kind, payload, now)
	} else {
		datagram = sealPlain(t.own.tag, kind, payload)
	}
	_, err := t.network.WriteToAddress(datagram, to)
	return err
}

// Deliver sends a message by stream and waits until the stream has taken it, which is no promise that it is read. An error
// that wraps syscall.ECONNREFUSED says that nobody listens there, a [*RefusedError] that somebody else does. After another
// error, such as that ctx has ended, the message may be sent all the same.
func (t *Transport) Deliver(ctx context.Context, kind Kind, to Address, payload []byte) error {
	if len(payload) > MaxMessage {
		return tooLarge(payload)
	}
	p, now := t.book.peer(to), time.Now()
	one := &parcel{kind: kind, payload: slices.Clone(payload), outcome: make(chan error, 1)}
	p.mu.Lock()
	p.used = momentOf(now)
	if err := t.leave(p, to, one, now); err != nil {
		return err
	}
	select {
	case err := <-one.outcome:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.ctx.Done():
		return ErrClosed
	}
}

// leave puts a parcel into the queue of a peer, whose lock is held and given back.
func (t *Transport) leave(p *peer, to Address, one *parcel, now time.Time) error {
	if refusal := p.refused(now); refusal != nil {
		p.mu.Unlock()
		t.stats.dropped.Add(1)
		if one.outcome == nil {
			return nil
		}
		return refusal
	}
	if to.Addr != "" && (t.proved.has(to.Addr, p.id) || !t.proved.has(p.address, p.id)) {
		p.address = to.Addr
	}
	dropped, fetch := p.enqueue(one)
	p.mu.Unlock()
	t.fail(dropped, errDropped)
	if fetch && !t.spawn(func() { t.courier(p) }) {
		return ErrClosed
	}
	return nil
}

// fail tells those who wait that their message was not sent.
func (t *Transport) fail(parcels []*parcel, err error) {
	for _, one := range parcels {
		t.stats.dropped.Add(1)
		if one.outcome != nil {
			one.outcome <- err
		}
	}
}
