package cluster

import (
	"math"

	"github.com/grapevine-go/grapevine/membership"
)

// toldAll, as the version that a peer has acknowledged, says that there is nothing more to tell it.
const toldAll = math.MaxUint64

// noteGoodbyes keeps Drain and Leave from waiting for those that have left: in a rolling restart memberlist may go on
// for seconds to take one for alive that ended just before, or take it for alive again. Called once changes were
// merged.
func (p *pusher) noteGoodbyes(changes []membership.Change) {
	for _, change := range changes {
		switch c := change.(type) {
		case membership.Heard:
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
		known.acked = toldAll
		delete(p.lagging, id)
		p.wake()
	case known.acked == toldAll: // it has not left: the goodbye was another's word, and the member contradicts
		p.renew(id, known)
		p.kick()
	}
}
