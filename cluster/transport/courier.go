package transport

import (
	"errors"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/lag"
)

const (
	dialTimeout = 5 * time.Second
	linkIdle    = 10 * time.Second // a link on which nothing happens is let go after that long
	linkFresh   = 7 * time.Second  // and not used any more after that long, as the other side may be letting go

	yieldFor = 100 * time.Millisecond // by how much it is stretched, for the other side to make keys

	firstBroken   = 50 * time.Millisecond // after a handshake that broke; doubles with each
	slowestBroken = time.Second
)

// courier takes what waits for a peer to it, until nothing does. It makes the keys and the link that this needs.
func (t *Transport) courier(p *peer) {
	for parcels := p.take(); len(parcels) > 0; parcels = p.take() {
		if err := t.carry(p, parcels); err != nil {
			t.log.Debug().Err(err).Str("peer", p.id).Msg("cluster: cannot send")
		}
	}
}

func (t *Transport) carry(p *peer, parcels []*parcel) error {
	s, err := t.keys(p, parcels)
	if err != nil {
		t.fail(parcels, err)
		return err
	}
	for i, one := range parcels {
		p.mu.Lock()
		now, to := time.Now(), Address{Addr: p.address, Name: p.id}
		byDatagram := one.outcome == nil && !one.back && t.passable(p, len(one.payload), now)
		p.mu.Unlock()
		if byDatagram {
			if err = t.write(s, to, one.kind, one.payload, now); err != nil {
				t.refusedHere(p, to, err)
			}
		}
		if !byDatagram || err != nil {
			err = t.byLink(p, one)
		}
		if err != nil {
			t.fail(parcels[i:], err)
			return err
		}
		if one.outcome != nil {
			one.outcome <- nil
		}
	}
	return nil
}

// keys gives the session with a peer, which may need a handshake; nil where nothing is sealed. Where a link will be needed
// anyhow, its handshake makes the keys.
func (t *Transport) keys(p *peer, parcels []*parcel) (*session, error) {
	if t.identity == nil {
		return nil, nil
	}
	if s := p.session(); s != nil {
		return s, nil
	}
	if slices.ContainsFunc(parcels, func(one *parcel) bool { return one.outcome != nil }) {
		l, _, err := t.linkTo(p)
		if err != nil {
			return nil, err
		}
		return l.session, nil
	}
	if s := t.yield(p); s != nil {
		return s, nil
	}
	done, ok := t.takeTurn(t.ctx)
	if !ok {
		return nil, ErrClosed
	}
	defer done()
	if s := p.session(); s != nil {
		return s, nil
	}
	found, err := t.reach(p, forKeys)
	if err != nil {
		return nil, err
	}
	found.Close() // the keys are kept, not the connection
	return found.session, nil
}

// yield waits for the peer to make keys, where both sides would and this process is late: a handshake takes more CPU time than
// all else that members do when they meet. The side whose identity comes first waits less; then it makes them itself.
func (t *Transport) yield(p *peer) *session {
	wait := t.lag.Stretch(yieldFor) - yieldFor
	if t.own.id < p.id {
		wait /= 3
	}
	if p.id == "" || wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-p.awaitKeys():
	case <-timer.C:
	case <-t.ctx.Done():
	}
	return p.session()
}

// reach dials a peer, unless it was refused just now.
func (t *Transport) reach(p *peer, why purpose) (*proven, error) {
	p.mu.Lock()
	address, refusal := p.address, p.refused(time.Now())
	p.mu.Unlock()
	if refusal != nil {
		return nil, refusal
	}
	found, err := t.dialNow(t.ctx, address, p.id, t.patience(dialTimeout), why, nameOf(p.id))
	if err != nil && t.ctx.Err() != nil {
		return nil, ErrClosed
	}
	var refused *RefusedError
	errors.As(err, &refused)
	p.mu.Lock()
	p.noteDial(err, refused, t.lag, time.Now())
	p.mu.Unlock()
	if refused != nil && refused.Reason == ReasonName {
		t.book.unmeet(address, p) // somebody else is there now
	}
	if err == nil && p.id == "" {
		t.book.meet(address, found.hello.id)
		p.adopt(found.session) // for what is in its queue; whatever comes later is for the one who was met
	}
	return found, err
}

// noteDial records how a dial ended, and for how long not to try again: the other side may have no room for one more
// handshake. It is called with the lock held.
func (p *peer) noteDial(err error, refused *RefusedError, patience lag.Patience, now time.Time) {
	switch {
	case err == nil:
		p.refusal, p.broken = nil, 0
		return
	case refused != nil && refused.Reason == ReasonCluster: // its address is another cluster's now
		p.pause = momentOf(now.Add(foreignPause))
	case refused != nil:
		p.pause = momentOf(now.Add(refusalPause))
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, ErrClosed):
		return // nobody is there, or it took its time already
	default:
		backoff := patience.Stretch(min(firstBroken<<min(p.broken, 16), slowestBroken))
		p.pause = momentOf(now.Add(backoff/2 + time.Duration(rand.Int63n(int64(backoff)))))
		p.broken++
	}
	p.refusal = err
}

// byLink writes a parcel to the link with a peer. One that broke since it was used last is replaced once.
func (t *Transport) byLink(p *peer, one *parcel) error {
	l, fresh, err := t.linkTo(p)
	if err == nil {
		err = l.write(one.kind, one.payload)
	}
	if err != nil && !fresh {
		if l, _, err = t.linkTo(p); err == nil {
			err = l.write(one.kind, one.payload)
		}
	}
	if err == nil && one.outcome == nil {
		t.stats.byStream.Add(1)
	}
	return err
}

// linkTo gives the link with a peer, and whether it was made just now.
func (t *Transport) linkTo(p *peer) (l *link, fresh bool, err error) {
	p.mu.Lock()
	l = p.link
	p.mu.Unlock()
	if l != nil && l.usable(time.Now()) {
		return l, false, nil
	}
	done, ok := t.takeTurn(t.ctx)
	if !ok {
		return nil, true, ErrClosed
	}
	defer done()
	found, err := t.reach(p, forLink)
	if err != nil {
		return nil, true, err
	}
	l = newLink(found).attach(p)
	if !t.spawn(func() { t.serve(l, p) }) {
		found.Close()
		return nil, true, ErrClosed
	}
	return l, true, nil
}
