package transport

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"syscall"
	"time"
)

// Datagrams may be blocked on the way to a peer, all of them or the large ones alone, and nobody says so. So a member asks
// each peer that it sends to whether a datagram arrives, once and then seldom, and sooner when none comes back. What does
// not get through although the peer can be reached goes by stream.

const (
	small = iota // as large as a question without padding
	large        // larger than smallDatagram
	sizes
)

const (
	smallDatagram = 512 // bytes of a message

	asksEach   = 5 // tries, until a datagram counts as blocked rather than lost
	askPause   = 200 * time.Millisecond
	askAgain   = 10 * time.Minute // while datagrams get through
	retryAgain = 30 * time.Second // while they do not
	doubtAfter = time.Second      // of sending so many without hearing anything: to answer, and to ask later, is no reason
	doubtFrom  = 3
	doubtAgain = 5 * time.Second

	mostAsking = 64 // peers that are asked at a time

	nonceSize = 8
)

// way is how datagrams of some size fare on their way to a peer.
type way struct {
	asked   moment // when the last answer came, or was given up
	asking  bool
	blocked bool
}

func sizeOf(bytes int) int {
	if bytes > smallDatagram {
		return large
	}
	return small
}

// passable says whether a message of so many bytes is to go by datagram, and asks from time to time whether that is so. It
// is called with the peer's lock held.
func (t *Transport) passable(p *peer, bytes int, now time.Time) bool {
	if bytes > MaxDatagram {
		return false
	}
	w := &p.ways[sizeOf(bytes)]
	if p.unheard++; p.unheard == 1 {
		p.silent = momentOf(now)
	}
	since := w.asked.until(now)
	doubted := p.unheard >= doubtFrom && p.silent.until(now) > doubtAfter && since > doubtAgain
	due := since > askAgain || w.blocked && since > retryAgain || doubted
	if due && !w.asking && t.asking.TryTake() {
		to, size := Address{Addr: p.address, Name: p.id}, sizeOf(bytes)
		w.asking = t.spawn(func() {
			defer t.asking.Free()
			t.ask(p, to, size)
		})
	}
	return !w.blocked
}

// ask finds out whether datagrams of some size get through to a peer, and, where large ones do not, whether any do.
func (t *Transport) ask(p *peer, to Address, size int) {
	passes, blocked := t.passes(p, to, size), false
	if !passes && t.present(p, to) { // it is not the peer that is gone, and now the pair has new keys
		passes = t.passes(p, to, size)
		blocked = !passes && t.ctx.Err() == nil
	}
	p.mu.Lock()
	w := &p.ways[size]
	w.asked, w.asking, w.blocked = momentOf(time.Now()), false, blocked
	if passes {
		p.unheard = 0
	}
	p.mu.Unlock()
	if blocked {
		t.warnBlocked(to, size == large && t.passes(p, to, small))
	}
}

// present says whether a peer is where it is thought to be.
func (t *Transport) present(p *peer, to Address) bool {
	id, err := t.Identify(t.ctx, to.Addr, dialTimeout)
	return err == nil && (p.id == "" || id == p.id)
}

func (t *Transport) warnBlocked(to Address, largeOnly bool) {
	t.warned.Do(func() {
		t.log.Warn().Str("peer", to.Name).Str("address", to.Addr).Bool("large_only", largeOnly).
			Msg("cluster: datagrams to this peer, and perhaps to others, do not get through: they go by stream")
	})
}

// refusedHere notes whether this host itself does not let a datagram out, as it is too large for the way or its packet filter
// is against it. Other errors are like the loss of one.
func (t *Transport) refusedHere(p *peer, to Address, err error) bool {
	largeOnly := errors.Is(err, syscall.EMSGSIZE)
	if !largeOnly && !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.EACCES) {
		return false
	}
	p.mu.Lock()
	for size := range p.ways {
		if size == large || !largeOnly {
			p.ways[size].asked, p.ways[size].blocked = momentOf(time.Now()), true
		}
	}
	p.mu.Unlock()
	t.warnBlocked(to, largeOnly)
	return true
}

// passes asks until an answer comes or it has asked often enough.
func (t *Transport) passes(p *peer, to Address, size int) bool {
	return t.asks.answered(t.ctx, func(question []byte) {
		if size == large {
			question = append(question, make([]byte, MaxDatagram-len(question))...)
		}
		p.mu.Lock()
		now := time.Now()
		s := p.current(now)
		p.mu.Unlock()
		if s != nil || t.identity == nil {
			t.write(s, to, kindAsk, question, now)
		}
	})
}

// answerAsk tells that a datagram arrived.
func (t *Transport) answerAsk(from From, question []byte) {
	if len(question) >= nonceSize {
		t.Reply(kindPass, from, question[:nonceSize])
	}
}

// asks are the questions that wait for an answer.
type asks struct {
	mu      sync.Mutex
	waiting map[[nonceSize]byte]chan struct{}
}

// answered sends a question until an answer comes or it has asked often enough.
func (a *asks) answered(ctx context.Context, send func(question []byte)) bool {
	var nonce [nonceSize]byte
	rand.Read(nonce[:]) // never fails
	answer := make(chan struct{})
	a.mu.Lock()
	if a.waiting == nil {
		a.waiting = make(map[[nonceSize]byte]chan struct{})
	}
	a.waiting[nonce] = answer
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.waiting, nonce)
	}()
	for range asksEach {
		send(append(make([]byte, 0, MaxDatagram), nonce[:]...))
		select {
		case <-answer:
			return true
		case <-time.After(askPause):
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// passed notes an answer.
func (a *asks) passed(answer []byte) {
	if len(answer) != nonceSize {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if waiting := a.waiting[[nonceSize]byte(answer)]; waiting != nil {
		close(waiting)
		delete(a.waiting, [nonceSize]byte(answer))
	}
}
