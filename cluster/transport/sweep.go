package transport

import "time"

const (
	sweepEvery = 5003 * time.Millisecond // apart from memberlist's tickers: on virtual time the order would be left to the scheduler
	peerIdle   = time.Hour               // a peer to whom nothing was sent for that long is forgotten
	mostPeers  = 8192                    // that are remembered; beyond it, those that were not sent to for a minute are not
	renewEach  = 8                       // sessions that are made anew in one sweep, as this member shows another certificate
)

// sweep lets go of what is not needed any more, and of what is not good any more.
func (t *Transport) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.sweepOnce(time.Now())
		case <-t.ctx.Done():
			return
		}
	}
}

func (t *Transport) sweepOnce(now time.Time) {
	peers := t.book.all()
	idle := peerIdle
	if len(peers) > mostPeers {
		idle = time.Minute
	}
	renewed := 0
	for p := range peers { // in any order, so that not all members renew with the same
		p.mu.Lock()
		unused, s := p.used.until(now) > idle && !p.busy && p.link == nil, p.current(now)
		for _, kept := range p.sessions {
			kept.rest(now)
		}
		p.mu.Unlock()
		if unused {
			t.book.forget(p)
			continue
		}
		if s == nil || t.identity == nil {
			continue
		}
		if _, stale := t.identity.current(s); stale && renewed < renewEach {
			renewed++
			t.spawn(func() { t.renew(p) })
		}
	}
	t.expel(peers, now)
}

// renew makes new keys with a peer.
func (t *Transport) renew(p *peer) {
	if found, err := t.reach(p, forKeys); err == nil {
		found.Close()
	}
}

// Recheck drops at once what rests on certificates that are accepted no more. It happens by itself within some seconds.
func (t *Transport) Recheck() { t.expel(t.book.all(), time.Now()) }

// expel ends the sessions and the links that are over, or that rest on what is not accepted any more.
func (t *Transport) expel(peers map[*peer]struct{}, now time.Time) {
	if t.identity == nil {
		return
	}
	good := func(s *session) bool {
		good, _ := t.identity.current(s)
		return good
	}
	for p := range peers {
		t.book.keep(p, now, good)
		p.mu.Lock()
		l := p.link
		p.mu.Unlock()
		if l != nil && !good(l.session) {
			l.Close() // its reader ends
		}
	}
}

// SecretOf gives the ID of the secret that a peer was known by last, as [Keyring.IDs] has it; "" for one that was not met.
func (t *Transport) SecretOf(id string) string {
	p := t.book.known(id)
	if p == nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.certified
}
