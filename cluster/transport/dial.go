package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

const (
	mostTurns = 2           // dials under way in a process that is late
	turnFor   = time.Second // stretched; then a dial that still goes on, as to a paused peer, makes room for another

	stallAfter = 250 * time.Millisecond // stretched: a handshake that has gone on for as long makes room for another

	// leastTime is what a handshake needs, stretched: without as much it is not begun. memberlist's pings by stream have
	// half a second.
	leastTime = 50 * time.Millisecond
)

// takeTurn holds back dials while this process is late: few handshakes at a time end, many keep each other from ending. Call
// done after the dial.
func (t *Transport) takeTurn(ctx context.Context) (done func(), ok bool) {
	if !t.lag.Strained() {
		return func() {}, true
	}
	if !t.turns.Take(ctx) {
		return nil, false
	}
	free := sync.OnceFunc(t.turns.Free)
	timer := time.AfterFunc(t.lag.Stretch(turnFor), free)
	return func() {
		timer.Stop()
		free()
	}, true
}

// dial connects to address when it is its turn, and proves both sides. want is the identity that must be there, "" for any. An
// error of the network is returned as it is.
func (t *Transport) dial(ctx context.Context, address, want string, timeout time.Duration, why purpose) (*proven, error) {
	return t.dialFor(ctx, address, want, timeout, why, itself)
}

// dialFor is dial with a cause, see dialSlots.
func (t *Transport) dialFor(ctx context.Context, address, want string, timeout time.Duration, why purpose, cause string) (*proven, error) {
	began := time.Now()
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done, ok := t.takeTurn(waiting)
	if !ok {
		return nil, os.ErrDeadlineExceeded
	}
	defer done()
	left := timeout - time.Since(began)
	if left < t.lag.Stretch(leastTime) && t.lag.Strained() {
		return nil, os.ErrDeadlineExceeded
	}
	return t.dialNow(ctx, address, want, left, why, cause)
}

// dialNow is dial without waiting for a turn. An address where no member has proven itself takes a
// slot, of those that cause may have.
func (t *Transport) dialNow(ctx context.Context, address, want string, timeout time.Duration, why purpose, cause string) (*proven, error) {
	if t.proved.any(address) {
		return t.dialHeld(ctx, address, want, timeout, why)
	}
	began := time.Now()
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if !t.dialSlots.take(waiting, cause) {
		return nil, os.ErrDeadlineExceeded
	}
	defer t.freeSlot(cause)
	return t.dialHeld(ctx, address, want, timeout-time.Since(began), why)
}

// freeSlot frees a slot, and begins the next verification that waits for it.
func (t *Transport) freeSlot(cause string) {
	t.dialSlots.free(cause)
	t.newcomers.start(t)
}

// dialHeld is dialNow for a caller that holds a slot, or needs none.
func (t *Transport) dialHeld(ctx context.Context, address, want string, timeout time.Duration, why purpose) (*proven, error) {
	until := time.Now().Add(timeout)
	conn, err := t.network.DialAddressTimeout(Address{Addr: address}, timeout)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	taking := &takingConn{Conn: conn, ctx: ctx, slots: t.handshaking, patience: t.lag.Stretch(stallAfter)}
	var sniffed sniffer
	if t.identity == nil && why == forKeys && timeout > sniffFor && !t.lag.Strained() {
		defer sniffed.begin(ctx, t, address, taking).Stop()
	}
	host := hostOf(addrPortOf(conn.RemoteAddr()).Addr())
	cause := func(err error) error {
		switch {
		case t.ctx.Err() != nil:
			return ErrClosed
		case ctx.Err() != nil:
			return os.ErrDeadlineExceeded
		case sniffed.found.Load() != nil:
			return sniffed.found.Load()
		}
		return err
	}
	p, err := t.handshake(unproven(taking, t.budget.effort(dialled, host, until)), why, until, func(err error) {
		t.refuse(cause(err), address)
	})
	taking.done()
	if err == nil {
		t.admission.authenticated(host, time.Now())
		if !t.isItself(p.hello.id) {
			t.proved.add(address, p.hello.id)
		}
	}
	switch {
	case err != nil:
		if errors.As(err, new(*RefusedError)) {
			t.proved.remove(address)
		}
		return nil, cause(err)
	case want != "" && p.hello.id != want:
		p.Close()
		return nil, &RefusedError{Reason: ReasonName, Detail: fmt.Sprintf("%s is %s now, not %s", address, p.hello.id, want)}
	}
	return p, nil
}

// takingConn takes a slot once the other side says something: only from then on does a handshake cost anything. A process
// that is paused accepts connections, and must not keep others from theirs; nor must one that says a little and then stalls, so
// that the slot is free again after patience.
type takingConn struct {
	net.Conn
	ctx      context.Context
	slots    slots.Slots
	patience time.Duration
	free     func() // nil until a slot is taken
	over     bool
	heard    atomic.Bool // the other side said something
}

func (c *takingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(true)
	}
	if n > 0 && c.free == nil && !c.over {
		if !c.slots.Take(c.ctx) {
			return 0, os.ErrDeadlineExceeded
		}
		c.free = sync.OnceFunc(c.slots.Free)
		time.AfterFunc(c.patience, c.free)
	}
	return n, err
}

// done gives the slot back. No more are taken.
func (c *takingConn) done() {
	if c.over = true; c.free != nil {
		c.free()
	}
}

// Identify dials address and gives who is there: a [*RefusedError] says that somebody is, who is no member of this cluster,
// and an error that wraps syscall.ECONNREFUSED that nobody is.
func (t *Transport) Identify(ctx context.Context, address string, timeout time.Duration) (id string, err error) {
	return t.identify(ctx, address, timeout, itself)
}

// IdentifySeed is Identify for the address of a seed. Seeds have dials of their own, and do not wait
// for other addresses that do not answer.
func (t *Transport) IdentifySeed(ctx context.Context, address string, timeout time.Duration) (id string, err error) {
	return t.identify(ctx, address, timeout, seeking)
}

func (t *Transport) identify(ctx context.Context, address string, timeout time.Duration, cause string) (id string, err error) {
	p, err := t.dialFor(ctx, address, "", timeout, forKeys, cause)
	if err != nil {
		return "", err
	}
	defer p.Close()
	return p.hello.id, nil
}
