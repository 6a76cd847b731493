package transport

import (
	"errors"
	"syscall"
	"time"
)

// Datagrams may be blocked on the way to a peer, all of them or the large ones alone, and nobody says so. So a member asks
// each peer that it sends to whether a datagram arrives, once and then seldom, and sooner when none comes back. What does
// not get through although the peer can be reached goes by stream. Lateness looks the same: a process that is late itself
// does not ask, nor judge, and an answer that comes after all opens the path at once.

const (
	small = iota // as large as a question without padding
	large        // larger than smallDatagram
	sizes
)

const (
	smallDatagram = 512 // bytes of a message

	asksEach   = 5                // tries, until the way is in doubt
	asksMore   = 10               // tries then, until a datagram counts as blocked rather than lost: at 40 % loss, one time in 800
	askWithin  = time.Second      // all of them
	askAgain   = 10 * time.Minute // while datagrams get through
	firstRetry = time.Second      // while they do not; doubles with each, as the way may only lose many
	retryAgain = 30 * time.Second // at most
	doubtAfter = time.Second      // of sending so many without hearing anything: to answer, and to ask later, is no reason
	doubtFrom  = 3
	doubtAgain = 5 * time.Second
	lateFor    = 30 * time.Second // for which an answer counts that comes too late

	mostAsking = 64   // peers that are asked at a time
	mostLate   = 4096 // questions whose answer would be late

	nonceSize = 8
)

// way is how datagrams of some size fare on their way to a peer.
type way struct {
	asked   moment // when the last answer came, or was given up
	passed  moment // when the last answer came, in time or late
	asking  bool
	blocked bool
	retry   time.Duration // while it is blocked: from one answer, or its absence, to the next question
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
	doubted := !w.blocked && p.unheard >= doubtFrom && p.silent.until(now) > doubtAfter && since > doubtAgain
	due := since > askAgain || w.blocked && since > w.retry || doubted
	if due && !w.asking && !t.lag.Strained() && t.asking.TryTake() {
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
	began := time.Now()
	blocked := !t.passes(p, to, size, asksEach) && !t.lag.Strained()
	if blocked && !p.retries(size) {
		// It may be that the peer is gone, or that the pair needs new keys: present makes some.
		blocked = t.present(p, to) && !t.passes(p, to, size, asksMore) && !t.lag.Strained() && t.ctx.Err() == nil
	}
	p.mu.Lock()
	w := &p.ways[size]
	blocked = blocked && !w.passed.after(began) // no answer came late meanwhile
	w.asking = false
	w.concluded(time.Now(), blocked)
	p.mu.Unlock()
	if blocked {
		t.warnBlocked(to, size == large && t.passes(p, to, small, asksEach))
	}
}

// retries reports whether a blocked way is asked again soon after the last time. Such a question spares the handshake.
func (p *peer) retries(size int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &p.ways[size]
	return w.blocked && w.retry < retryAgain
}

// concluded records whether datagrams are blocked, as the questions until now have shown.
func (w *way) concluded(now time.Time, blocked bool) {
	w.asked, w.blocked = momentOf(now), blocked
	w.retry = min(max(2*w.retry, firstRetry), retryAgain)
	if !blocked {
		w.retry = 0
	}
}

// opened records that datagrams of some size get through to a peer.
func (p *peer) opened(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &p.ways[size]
	w.passed, w.blocked, w.retry, p.unheard = momentOf(time.Now()), false, 0, 0
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
			p.ways[size].concluded(time.Now(), true)
		}
	}
	p.mu.Unlock()
	t.warnBlocked(to, largeOnly)
	return true
}

// passes asks until an answer comes or it has asked often enough.
func (t *Transport) passes(p *peer, to Address, size, tries int) bool {
	pause := t.lag.Stretch(askWithin) / time.Duration(tries)
	q := question{opened: func() { p.opened(size) }, pause: pause, from: p.id, at: to.Addr, tries: tries}
	return t.asks.answered(t.ctx, q, func(question []byte) {
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
