package transport

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// watchIdle is after how long a connection ends on which a watcher has sent nothing; one that only waits for the end sends
// something now and then as well.
const (
	watchIdle = 30 * time.Second
	rareBeat  = 10 * time.Second

	mostUnheard = 10 // times late, in a row, and a connection is given up
)

// Watch keeps a connection to a member open for as long as it lasts, and gives why it ended: the error of the dial, as of
// [Transport.Identify]; io.EOF or what the system says of a connection that the other side closed or reset, which a process that
// ends does at once, however it ends; os.ErrDeadlineExceeded when it has not answered for long. It is asked every so often, and
// has patience beyond that to answer: late, which must not block, is called each time that has passed without an answer, also while
// there is no connection yet. 0 for every is seldom, so that only the end of its process is noticed. Watch returns the cause of
// ctx when that is done.
func (t *Transport) Watch(ctx context.Context, to Address, every, patience time.Duration, late func()) error {
	if every == 0 {
		every, patience, late = rareBeat, watchIdle, func() {}
	}
	l, err := t.openWatch(ctx, to, every+patience, late)
	if err != nil {
		return &openError{err}
	}
	defer t.book.removeLink(l)
	done := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() { l.beat(every, done) })
	defer beats.Wait()
	defer close(done)
	defer l.abort()
	for _, over := range []context.Context{ctx, t.ctx} {
		defer context.AfterFunc(over, l.abort)()
	}
	for unheard := 0; err == nil; unheard++ {
		if err = l.hearBeat(every + t.lag.Stretch(patience)); err == nil {
			unheard = -1
		} else if Silent(err) && unheard < mostUnheard && ctx.Err() == nil {
			late()
			err = nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case t.ctx.Err() != nil:
		return ErrClosed
	}
	return err
}

// openWatch opens the connection, whatever time that takes, and notes it in the book.
func (t *Transport) openWatch(ctx context.Context, to Address, patience time.Duration, late func()) (*link, error) {
	opened := make(chan struct{})
	var opening sync.WaitGroup
	opening.Go(func() {
		overdue := time.NewTicker(patience)
		defer overdue.Stop()
		for {
			select {
			case <-overdue.C:
				late()
			case <-opened:
				return
			}
		}
	})
	defer opening.Wait()
	defer close(opened)
	p, err := t.dial(ctx, to.Addr, to.Name, handshakeTimeout, forWatch)
	if err != nil {
		return nil, err
	}
	l := bare(p)
	t.book.addLink(l)
	err = ErrClosed
	if t.accepted(l.session, time.Now()) { // or what it rests on was removed meanwhile
		err = l.hearBeat(handshakeTimeout) // the other side is bare as well
	}
	if err != nil {
		t.book.removeLink(l)
		l.abort()
		return nil, err
	}
	return l, nil
}

// beat asks now, and every so often.
func (l *link) beat(every time.Duration, done <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		l.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := l.Write([]byte{0}); err != nil {
			return // the reader hears of it
		}
		select {
		case <-tick.C:
		case <-done:
			return
		}
	}
}

// hearBeat reads one answer.
func (l *link) hearBeat(within time.Duration) error {
	var answer [1]byte
	l.SetReadDeadline(time.Now().Add(within))
	_, err := io.ReadFull(l, answer[:])
	return err
}

// bare leaves TLS once it has shown who is there: it takes some ten kilobytes a connection, and what watchers say to each
// other says nothing. Who can tear the connection, or keep it up, learns nothing by it, and whoever is thought to be gone is looked
// at. Neither side may read ahead of TLS: the watched one says that it has left it before the watcher says anything.
func bare(p *proven) *link {
	if p.sealed != nil {
		p.Conn, p.sealed = p.sealed.NetConn(), nil
	}
	return newLink(p)
}

// echo answers a watcher until it goes; the first answer is to its coming.
func (t *Transport) echo(l *link) {
	t.book.addLink(l)
	defer t.book.removeLink(l)
	defer l.abort()
	if !t.accepted(l.session, time.Now()) {
		return
	}
	defer context.AfterFunc(t.ctx, l.abort)()
	var beat [1]byte
	for {
		l.SetDeadline(time.Now().Add(watchIdle))
		if _, err := l.Write(beat[:]); err != nil {
			return
		}
		if _, err := io.ReadFull(l, beat[:]); err != nil {
			return
		}
	}
}

// Knock finds out whether anybody listens at an address, whoever it is, and says nothing: nil if so. An error that wraps
// syscall.ECONNREFUSED says that nobody does.
func (t *Transport) Knock(address string, timeout time.Duration) error {
	if !t.proved.any(address) {
		if !t.dialSlots.tryTake(itself) {
			return errBusy
		}
		defer t.freeSlot(itself)
	}
	conn, err := t.network.DialAddressTimeout(Address{Addr: address}, timeout)
	if err != nil {
		return err
	}
	return conn.Close()
}

// openError is that a connection broke, or timed out, before it was one.
type openError struct{ cause error }

func (e *openError) Error() string { return e.cause.Error() }
func (e *openError) Unwrap() error { return e.cause }

// Opened reports whether an error of [Transport.Watch] ended a connection on which the other side had answered, rather than an
// attempt to open one: that may break also where the other side has no room for one more handshake.
func Opened(err error) bool { return !errors.As(err, new(*openError)) }

// Silent says whether an error of [Transport.Watch] is that the other side did not answer, rather than that it went.
func Silent(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
