package cluster

import (
	"iter"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// upkeep is how often the store gets to let go of what it has remembered, or held back, for long enough.
const upkeep = time.Second

// forgetOwed is how long a member may take to be known to memberlist once its record was pushed.
const forgetOwed = 5 * time.Second

// manyMembers is from when on it pays to let changes gather.
const manyMembers = 128

// handleEvents is the node's loop: it merges what came in, then tells those who wait to know that it was merged.
func (n *Node) handleEvents() {
	tick := time.NewTicker(upkeep)
	defer tick.Stop()
	cleared := time.Now()
	for {
		select {
		case <-n.inbox.filled:
			for batch := range batches(n.inbox.take()) {
				n.handle(batch)
			}
			n.rest()
		case <-tick.C:
			n.store.Apply()
			n.repair.question()
			n.outdoRelayed()
			n.catchUp.check()
			if time.Since(cleared) >= forgetOwed {
				clear(n.owed) // whoever is still there sends again
				cleared = time.Now()
			}
		case <-n.ctx.Done():
			return
		}
	}
}

// rest lets changes gather in a large cluster, where each new snapshot copies a long list: 1 ms at 1,000 members.
func (n *Node) rest() {
	if members := n.push.count(); members >= manyMembers {
		sleep(n.ctx, time.Duration(members)*time.Microsecond)
	}
}

// mostMerged is how many records of others are merged at a time. Until they are merged the store has an entry for
// each name, also for those that it then forgets.
const mostMerged = 1024

// batches divides events, in order, so that the records of others in a batch are mostMerged at most. What was
// yielded is not kept.
func batches(events []event) iter.Seq[[]event] {
	return func(yield func([]event) bool) {
		var batch []event
		records := 0
		for i, e := range events {
			events[i] = nil
			for part := range partsOfRecords(e) {
				more := 0
				if told, ok := part.(recordsEvent); ok {
					more = len(told.records)
				}
				if records+more > mostMerged {
					if !yield(batch) {
						return
					}
					batch, records = nil, 0
				}
				batch, records = append(batch, part), records+more
			}
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// partsOfRecords divides an event of more than mostMerged records.
func partsOfRecords(e event) iter.Seq[event] {
	return func(yield func(event) bool) {
		told, ok := e.(recordsEvent)
		if !ok || len(told.records) <= mostMerged {
			yield(e)
			return
		}
		for some := range slices.Chunk(told.records, mostMerged) {
			if !yield(recordsEvent{recordsMessage{told.from, some}}) {
				return
			}
		}
	}
}

func (n *Node) handle(events []event) {
	var changes []membership.Change
	for _, e := range events {
		changes = append(changes, n.changes(e)...)
	}
	if len(changes) > 0 {
		n.store.Apply(changes...)
		n.push.noteGoodbyes(changes)
		n.noteKept(changes)
	}
	n.acknowledge()
	for _, e := range events {
		n.follow(e)
	}
	n.repair.question()
	n.catchUp.check()
}

// changes is what an event tells of members.
func (n *Node) changes(e event) (changes []membership.Change) {
	switch e := e.(type) {
	case upEvent:
		if e.id != n.id && n.seen(e) {
			evidence := "it sent its record to this process"
			if e.answered {
				evidence = "it answered a probe"
			}
			changes = append(changes,
				membership.Up{Name: e.id.name, BootID: e.id.boot, Address: e.address, Evidence: evidence})
		}
	case metEvent:
		if address, living := n.push.address(e.id); living && !n.push.isLost(e.id) {
			n.reach.met(e.id)
			changes = append(changes, membership.Up{Name: e.id.name, BootID: e.id.boot, Address: address.Addr, Evidence: "it spoke to this process"})
		}
	case downEvent:
		if e.id != n.id && n.gone(e) {
			changes = append(changes, membership.Down{Name: e.id.name, BootID: e.id.boot, Proof: e.proof, Evidence: e.evidence})
			n.drop(e)
		}
	case suspectEvent:
		changes = append(changes, membership.Suspected{Name: e.id.name, BootID: e.id.boot, Evidence: e.evidence})
	case pushEvent:
		changes = n.heard(identityOf(e.record), membership.Heard{Record: e.record})
		n.owe(e)
	case headsEvent:
		changes = n.learn(e)
	case askedEvent:
		changes = append(changes, e.noted())
	case stepEvent:
		changes = n.learn(headsEvent{e.headsMessage, false})
	case branchEvent:
		changes = n.relayed(n.heard(e.relay, membership.Heard{Record: e.record}))
	case recordsEvent:
		for _, known := range e.records {
			changes = append(changes, n.heard(e.from, known)...)
			if identityOf(known.Record) == e.from {
				changes = append(changes, membership.Answered{Name: e.from.name, BootID: e.from.boot})
				n.repair.answered(e.from)
			}
		}
	}
	return changes
}

// heard is what a record tells that a member sent. One of this member's name may be of another process.
func (n *Node) heard(from identity, known membership.Heard) []membership.Change {
	switch {
	case known.Record.Name == n.id.name:
		n.name.mentioned(from, known.Record.Boot)
		n.outdo(known.Record.Boot, known.Record.Version)
		return nil
	case identityOf(known.Record) == from:
		return []membership.Change{known}
	}
	return []membership.Change{membership.Hearsay{Record: known.Record, Gone: known.Gone}}
}

// relayed is what a relay tells. Where there are enough members for a tree it counts at once, and its owner gets a checksum.
func (n *Node) relayed(changes []membership.Change) []membership.Change {
	for i, change := range changes {
		if told, ok := change.(membership.Hearsay); ok && n.push.relays() {
			told.Relayed = true
			changes[i] = told
		}
	}
	return changes
}

// follow does what follows from an event once all were merged.
func (n *Node) follow(e event) {
	switch e := e.(type) {
	case upEvent:
		n.push.noteGoodbye(e.id.name)
	case cutOffEvent:
		n.store.CutOff(e.cut)
	case digestEvent:
		n.repair.noticed(e.from, e.digest)
	case branchEvent:
		n.confirmRelayed(identityOf(e.record))
	case stepEvent:
		n.repair.told(headsEvent{e.headsMessage, true})
		if e.all != nil {
			n.joined(headsMessage{from: e.from, heads: e.all})
		}
	case headsEvent:
		n.repair.told(e)
		if e.joins {
			n.catchUp.begin(e.headsMessage)
			n.name.synced()
		}
	}
}

// noteKept says when the view keeps members that are likely to live, see [membership.StandingKept].
func (n *Node) noteKept(changes []membership.Change) {
	for _, change := range changes {
		down, ok := change.(membership.Down)
		if !ok {
			continue
		}
		if why, _ := n.View().Why(down.Name); why.Standing == membership.StandingKept && n.seldom.Due("kept") {
			n.log.Warn().Str("member", down.Name).Msg("cluster: too many fell silent together: what was last known of them is kept until it is certain what became of each")
		}
	}
}

// seen records that memberlist reports a member alive, and reports whether this node has first-hand
// evidence. A member known only by hearsay waits, so that a boot that is dead is not listed on the
// word of a peer that has not noticed. A boot that was lost here waits until it answers at its
// address: the address of its host may have changed, and then nobody reaches it, although it
// reaches others. A boot that had the address before cannot be there any more. Hearsay ends neither
// a search nor the verification of a death.
func (n *Node) seen(up upEvent) (evidence bool) {
	if at, living := n.push.address(up.id); living && at.Addr != up.address && !up.answered {
		return false // hearsay moves nobody
	}
	lost := !up.answered && n.reach.lost(up.id)
	_, pushed := n.owed[up.id]
	evidence = up.answered || pushed && !lost
	switch {
	case up.answered:
		n.watch.trust(up.id)
		n.reach.found(up.id, up.address)
		n.reach.welcome(up.address)
	case evidence:
		n.watch.trust(up.id)
		n.reach.met(up.id)
	default:
		n.watch.refute(up.id)
	}
	if before, taken := n.push.add(up.id, up.address, up.wire); taken {
		n.watch.suspect(before, suspicion{why: up.id.name + " is at its address", tell: true, weak: !evidence})
	}
	if up.answered {
		n.watch.clear(up.id)
	}
	n.push.mark(up.id, lost, evidence)
	if lost && pushed {
		n.contact(up.id)
	}
	return evidence
}

// drop lets go of a member that is gone. One that said no goodbye is searched: it may be beyond a cut,
// or start anew. An address at which no member has spoken to this node is hearsay, also of one that
// was lost elsewhere.
func (n *Node) drop(down downEvent) {
	record, _ := n.store.Record(down.id.name)
	known, living := n.push.known(down.id)
	switch {
	case !living || record.State == membership.Left:
	case known.met:
		proven := !known.proven.IsZero() || n.transport.Proven(known.address) == down.id.String()
		n.reach.lose(down.id, known.address, proven)
		n.repair.lost.inquire(down.id.name)
	default:
		n.reach.miss(down.id, known.address, "")
	}
	n.push.remove(down.id)
}

// gone reports whether a member is to be dropped now. One that memberlist gave up without a goodbye is probed
// first, unless it never spoke to this node, which does not list it then.
func (n *Node) gone(down downEvent) bool {
	switch down.finding {
	case looked:
		return n.watch.condemn(down.id)
	case lookedAt:
		return true
	}
	record, _ := n.store.Record(down.id.name)
	known, living := n.push.known(down.id)
	expected := living && (known.met || known.lost) && record.Boot.ID == down.id.boot && record.State != membership.Left
	if expected {
		n.watch.doubt(down.id, Address{Addr: known.address, Name: down.id.String()})
	}
	return !expected
}
