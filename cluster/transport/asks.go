package transport

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// asks are the questions whose answer is waited for, or would still be welcome.
type asks struct {
	mu   sync.Mutex
	sent map[nonce]*question
}

type nonce [nonceSize]byte

// question is whether datagrams get through.
type question struct {
	pause  time.Duration // between two tries
	opened func()        // called without a lock when an answer comes, in time or late
	from   string        // the member that is asked; "" for any
	at     string        // where
	tries  int           // at most

	answer chan struct{} // closed by then
	over   time.Time     // from when on no answer counts; zero while it is waited for
}

// answered sends a question until an answer comes or it has asked often enough.
func (a *asks) answered(ctx context.Context, q question, send func(question []byte)) bool {
	var id nonce
	rand.Read(id[:]) // never fails
	q.answer = make(chan struct{})
	a.mu.Lock()
	if a.sent == nil {
		a.sent = make(map[nonce]*question)
	}
	a.sent[id] = &q
	a.mu.Unlock()
	defer a.giveUp(id)
	for range q.tries {
		send(append(make([]byte, 0, MaxDatagram), id[:]...))
		select {
		case <-q.answer:
			return true
		case <-time.After(q.pause):
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// giveUp keeps a question that nobody waits for any more, as its answer may be late. An answered one is gone.
func (a *asks) giveUp(id nonce) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if q := a.sent[id]; q != nil && len(a.sent) <= mostLate {
		q.over = time.Now().Add(lateFor)
	} else {
		delete(a.sent, id)
	}
}

// passed takes an answer, which proves that its sender is where it was asked.
func (t *Transport) passed(from From, answer []byte) {
	q := t.asks.take(answer, func(q *question) bool { return from.ID == "" || q.from == "" || q.from == from.ID }, time.Now())
	if q == nil {
		return
	}
	if from.ID != "" {
		t.proved.add(q.at, from.ID)
	}
	q.opened()
	close(q.answer)
}

func (a *asks) take(answer []byte, isFrom func(*question) bool, now time.Time) *question {
	if len(answer) != nonceSize {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	q := a.sent[nonce(answer)]
	if q != nil && !isFrom(q) {
		return nil
	}
	delete(a.sent, nonce(answer))
	if q == nil || !q.over.IsZero() && !now.Before(q.over) {
		return nil
	}
	return q
}

// sweep forgets the questions whose answer does not count any more.
func (a *asks) sweep(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, q := range a.sent {
		if !q.over.IsZero() && !now.Before(q.over) {
			delete(a.sent, id)
		}
	}
}
