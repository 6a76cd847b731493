package transport

import (
	"errors"
	"slices"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	linkIdle    = 10 * time.Second // a link on which nothing happens is let go after that long
	linkFresh   = 7 * time.Second  // and not used any more after that long, as the other side may be letting go
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
		byDatagram := one.outcome == nil && t.passable(p, len(one.payload), now)
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
	p.mu.Lock()
	s := p.current(time.Now())
	p.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if slices.ContainsFunc(parcels, func(one *parcel) bool { return one.outcome != nil }) {
		l, _, err := t.linkTo(p)
		if err != nil {
			return nil, err
		}
		return l.session, nil
	}
	found, err := t.reach(p, forKeys)
	if err != nil {
		return nil, err
	}
	found.Close() // the keys are kept, not the connection
	return found.session, nil
}

// reach dials a peer, unless it was refused just now.
func (t *Transport) reach(p *peer, why purpose) (*proven, error) {
	p.mu.Lock()
	address, refusal := p.address, p.refused(time.Now())
	p.mu.Unlock()
	if refusal != nil {
		return nil, refusal
	}
	found, err := t.dial(t.ctx, address, p.id, dialTimeout, why)
	var refused *RefusedError
	p.mu.Lock()
	if errors.As(err, &refused) {
		pause := refusalPause
		if refused.Reason == ReasonCluster { // its address is another cluster's now
			pause = foreignPause
		}
		p.refusal, p.pause = err, momentOf(time.Now().Add(pause))
	} else if err == nil {
		p.refusal = nil
	}
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
