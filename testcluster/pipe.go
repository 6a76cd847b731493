package testcluster

import (
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	window         = 64 << 10               // bytes that may be under way in one direction
	retransmission = 200 * time.Millisecond // what a lost segment costs: the least time-out of Linux

	mostRetransmissions = 100 // where everything is lost, a stream is slow but moves
)

// pipe is one direction of a stream.
type pipe struct {
	writer, reader        *Host
	path                  path
	readUntil, writeUntil *deadline

	mu       sync.Mutex
	segments []segment
	size     int
	ended    bool          // the writer has closed its end
	end      time.Time     // when the reader hears of it
	broken   bool          // the writer's process has ended
	unread   bool          // the reader has closed its end, or its process has ended
	moved    chan struct{} // closed at the next change of the above
}

type segment struct {
	data    []byte
	arrives time.Time
}

func newPipe(writer, reader *Host) *pipe {
	return &pipe{writer: writer, reader: reader, path: path{writer.ip, reader.ip},
		readUntil: newDeadline(), writeUntil: newDeadline(), moved: make(chan struct{})}
}

// update changes the pipe and wakes who waits.
func (p *pipe) update(change func(*pipe)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
	p.wake()
}

// wake is called with the lock held.
func (p *pipe) wake() {
	close(p.moved)
	p.moved = make(chan struct{})
}

func (p *pipe) write(b []byte) (written int, err error) {
	for written < len(b) {
		if err := p.await(p.writer.running(), p.writeUntil); err != nil {
			return written, err
		}
		link, _, changed := p.writer.network.route(p.path)
		n, moved, err := p.append(b[written:], p.arrival(link), link.Cut)
		if err != nil {
			return written, err
		}
		if written += n; n > 0 {
			continue
		}
		select {
		case <-moved:
		case <-changed:
		case <-p.writeUntil.passed():
			return written, os.ErrDeadlineExceeded
		}
	}
	return written, nil
}

// arrival draws when something that is written now arrives.
func (p *pipe) arrival(link Link) time.Time {
	arrives := time.Now().Add(p.writer.network.delay(p.path, link))
	for range mostRetransmissions {
		if !p.writer.network.chance(p.path, link.Loss) {
			break
		}
		arrives = arrives.Add(retransmission)
	}
	return arrives
}

// close ends the pipe after what is under way.
func (p *pipe) close() {
	link, _, _ := p.writer.network.route(p.path)
	end := p.arrival(link)
	p.update(func(p *pipe) {
		if !p.ended {
			p.ended, p.end = true, end
		}
	})
}

// await waits for a process that is paused. A deadline that has passed counts first.
func (p *pipe) await(running <-chan struct{}, until *deadline) error {
	passed := until.passed()
	select {
	case <-passed:
		return os.ErrDeadlineExceeded
	default:
	}
	select {
	case <-running:
		return nil
	case <-passed:
		return os.ErrDeadlineExceeded
	}
}

// append takes what fits into the window. That the reader has gone is known only where it can say so.
func (p *pipe) append(b []byte, arrives time.Time, cut bool) (n int, moved <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ended || p.broken:
		return 0, nil, net.ErrClosed
	case p.unread && !cut:
		return 0, nil, streamError("write", syscall.EPIPE)
	}
	if n = min(len(b), window-p.size); n == 0 {
		return 0, p.moved, nil
	}
	if last := len(p.segments) - 1; last >= 0 && arrives.Before(p.segments[last].arrives) {
		arrives = p.segments[last].arrives // a stream keeps its order
	}
	p.segments = append(p.segments, segment{slices.Clone(b[:n]), arrives})
	p.size += n
	p.wake()
	return n, nil, nil
}

func (p *pipe) read(b []byte) (int, error) {
	for {
		if err := p.await(p.reader.running(), p.readUntil); err != nil {
			return 0, err
		}
		link, _, changed := p.reader.network.route(p.path)
		n, wait, moved, err := p.take(b, link.Cut)
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		var arrived <-chan time.Time
		if wait > 0 {
			arrived = time.After(wait)
		}
		select {
		case <-moved:
		case <-arrived:
		case <-changed:
		case <-p.readUntil.passed():
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// take gives what has arrived, or how long the next segment takes.
func (p *pipe) take(b []byte, cut bool) (n int, wait time.Duration, moved <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.unread:
		return 0, 0, nil, net.ErrClosed
	case cut:
		return 0, 0, p.moved, nil
	case p.broken:
		return 0, 0, nil, streamError("read", syscall.ECONNRESET)
	case len(p.segments) == 0 && p.ended:
		if wait = time.Until(p.end); wait > 0 {
			return 0, wait, p.moved, nil
		}
		return 0, 0, nil, io.EOF
	case len(p.segments) == 0:
		return 0, 0, p.moved, nil
	}
	first := &p.segments[0]
	if wait = time.Until(first.arrives); wait > 0 {
		return 0, wait, p.moved, nil
	}
	n = copy(b, first.data)
	if first.data = first.data[n:]; len(first.data) == 0 {
		p.segments = p.segments[1:]
	}
	p.size -= n
	p.wake() // there is room for the writer
	return n, 0, nil, nil
}

func streamError(op string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, errno)}
}

// deadline is a time that can be moved while others wait for it.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	done  chan struct{}
}

func newDeadline() *deadline { return &deadline{done: make(chan struct{})} }

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.done // the timer has fired and is about to close it
	}
	d.timer = nil
	select {
	case <-d.done:
		d.done = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	done, left := d.done, time.Until(t)
	if left <= 0 { // whoever reads or writes next must see it
		close(done)
		return
	}
	d.timer = time.AfterFunc(left, func() { close(done) })
}

func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}
