package cluster

import "github.com/grapevine-go/grapevine/membership"

// noteGoodbyes keeps Drain and Leave from waiting for those that have left: in a rolling restart memberlist may go on
// for seconds to take one for alive that ended just before, or take it for alive again. Called once changes were
// merged.
func (p *pusher) noteGoodbyes(changes []membership.Change) {
	for _, change := range changes {
		switch c := change.(type) {
		case membership.Heard:
			p.noteGoodbye(c.Record.Name)
		case membership.Hearsay:
			p.noteGoodbye(c.Record.Name)
		case membership.Remembered:
			p.noteGoodbye(c.Name)
		}
	}
}

func (p *pusher) noteGoodbye(name string) {
	record, _ := p.node.store.Record(name)
	if record.State == membership.Left {
		p.node.reach.parted(identityOf(record)) // its goodbye may arrive after it was given up
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	id := identityOf(record)
	switch known := p.peers[id]; {
	case known == nil:
	case record.State == membership.Left:
		known.left = true
		delete(p.lagging, id)
		p.wake()
	case known.left: // it has not: the goodbye was another's word, and the member contradicts
		known.left = false
		p.wake()
		p.renew(id, known)
		p.kick()
	}
}
