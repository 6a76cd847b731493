package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// link is a connection that a pair of members shares for what does not go by datagram, both ways: frames of a length, a kind
// and a message.
type link struct {
	*proven
	last   atomic.Int64 // the moment when something was sent or came
	broken atomic.Bool

	mu sync.Mutex // held to write
}

const (
	frameHeader  = 4 + 1
	writeTimeout = 5 * time.Second
)

var errIdle = fmt.Errorf("nothing was sent for %v", linkIdle)

func newLink(p *proven) *link {
	l := &link{proven: p}
	l.touch()
	return l
}

func (l *link) touch() { l.last.Store(int64(momentOf(time.Now()))) }

// idle is for how long nothing happened.
func (l *link) idle(now time.Time) time.Duration { return moment(l.last.Load()).until(now) }

func (l *link) usable(now time.Time) bool { return !l.broken.Load() && l.idle(now) < linkFresh }

func (l *link) write(kind Kind, payload []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, frameHeader+len(payload)), uint32(len(payload)))
	frame = append(append(frame, byte(kind)), payload...)
	l.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := l.Write(frame); err != nil {
		l.broken.Store(true)
		l.abort() // the reader ends
		return err
	}
	l.touch()
	return nil
}

// attach makes l the link to write to p: of two, the newer.
func (l *link) attach(p *peer) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link = l
	return l
}

// serve reads the link with a peer until it breaks or is idle for too long.
func (t *Transport) serve(l *link, p *peer) {
	t.book.addLink(l)
	defer t.book.removeLink(l)
	if !t.accepted(l.session, time.Now()) { // what it rests on was removed meanwhile
		l.Close()
	}
	room := t.book.room(l.hello.sender())
	for t.serveFrame(l, room) == nil {
	}
	l.broken.Store(true)
	l.Close()
	p.mu.Lock()
	if p.link == l {
		p.link = nil
	}
	p.mu.Unlock()
}

// serveFrame reads one frame and acts on it.
func (t *Transport) serveFrame(l *link, room *room) error {
	var header [frameHeader]byte
	if err := l.await(header[:]); err != nil {
		return err
	}
	announced := binary.BigEndian.Uint32(header[:])
	if announced > MaxMessage { // compared before it is an int, which may have 32 bits
		t.stats.malformed.Add(1)
		return fmt.Errorf("%w: a message of %d bytes, %d at most", errMalformed, announced, MaxMessage)
	}
	size := int(announced)
	if err := room.take(size, t.ctx.Done(), time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	payload := make([]byte, size)
	l.SetReadDeadline(time.Now().Add(writeTimeout)) // what was begun is there soon
	if _, err := io.ReadFull(l, payload); err != nil {
		room.give(size)
		return err
	}
	l.touch()
	t.act(Kind(header[frameHeader-1]), l.from(), payload, time.Now(), func() { room.give(size) })
	return nil
}

// await reads the header of the next frame. It gives up once the link was idle for too long, in both directions.
func (l *link) await(header []byte) error {
	for {
		left := linkIdle - l.idle(time.Now())
		if left <= 0 {
			return errIdle
		}
		l.SetReadDeadline(time.Now().Add(left))
		n, err := io.ReadFull(l, header)
		if err == nil || n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}
