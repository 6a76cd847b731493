package transport

import "time"

const (
	sweepEvery    = 5003 * time.Millisecond // apart from memberlist's tickers: on virtual time the order would be left to the scheduler
	peerIdle      = time.Hour               // a peer to whom nothing was sent for that long is forgotten
	mostPeers     = 8192                    // that are remembered; beyond it, those that were not sent to for a minute are not
	leastRenewals = 8                       // sessions that are made anew in one sweep, as this member shows another certificate
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
	renewals := max(leastRenewals, len(peers)/10) // all of them within a minute
	for p := range peers {                        // in any order, so that not all members renew with the same
		p.mu.Lock()
		unused, s := p.unused(idle, now), p.current(now)
		for _, kept := range p.sessions {
			kept.rest(now)
		}
		p.mu.Unlock()
		if unused {
			t.book.forget(p, idle, now)
		} else if s != nil && renewals > 0 && t.stale(s) {
			renewals--
			t.spawn(func() { t.renew(p) })
		}
	}
	t.asks.sweep(now)
	t.newcomers.sweep(t, now)
	t.expel(peers, now)
}

// stale says whether this member shows another certificate now than it did for s.
func (t *Transport) stale(s *session) bool {
	_, stale := t.identity.current(s)
	return stale
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
	for p := range peers {
		t.book.keep(p, func(s *session) bool { return t.accepted(s, now) })
	}
	for _, l := range t.book.allLinks() {
		if !t.accepted(l.session, now) {
			l.Close() // its reader ends
		}
	}
}

// accepted says whether a session is not over, and what it rests on still accepted. Where nothing is sealed, there is none.
func (t *Transport) accepted(s *session, now time.Time) bool {
	if s == nil {
		return true
	}
	good, _ := t.identity.current(s)
	return good && s.until.after(now)
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
