package cluster

import (
	"errors"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// How many messages of each kind wait for their handler; beyond them they are lost, as if on the network, and sent again.
const (
	recordsWaiting = 1024
	notesWaiting   = 256
)

// quota bounds how many messages of a kind are handled for one sender: some at once, and so many each second after that. A
// message of more than unit bytes counts as several. Each is more than a member sends that has something to tell.
type quota struct{ atOnce, eachSecond, unit float64 }

var quotas = map[transport.Kind]quota{
	kindRecord:  {256, 128, 4 << 10},
	kindInsist:  {256, 128, 4 << 10},
	kindBranch:  {256, 128, 4 << 10},
	kindRelay:   {32, 16, 8 << 10},
	kindRelayed: {256, 128, 1 << 10},
	kindHeads:   {4, 2, largestPart},
	kindWant:    {8, 4, largestPart},
	kindRecords: {64, 16, largestPart},
}

// leastCost is the cost of a message of heads, names or records, however small.
const leastCost = 1.0 / 16

// cost is what a message counts, by its size. The answer to heads that ask may be of all names.
func (q quota) cost(kind transport.Kind) func(body []byte) float64 {
	least := leastCost
	if q.unit < largestPart {
		least = 1
	}
	return func(body []byte) float64 {
		if kind == kindHeads && asksOfMany(body) {
			return 1
		}
		return max(least, float64(len(body))/q.unit)
	}
}

var errImpostor = errors.New("it says that it comes from another member than it does")

// handleMessages has each kind of message handled by itself, so that none waits behind another.
func (n *Node) handleMessages() {
	for kind, handler := range n.handlers() {
		waiting := notesWaiting
		if kind == kindRecord || kind == kindInsist || kind == kindBranch {
			waiting = recordsWaiting
		}
		n.transport.Handle(kind, waiting, handler)
		if quota, ok := quotas[kind]; ok {
			n.transport.Pace(kind, quota.atOnce, quota.eachSecond, quota.cost(kind))
		}
	}
}

func (n *Node) handlers() map[transport.Kind]transport.Handler {
	return map[transport.Kind]transport.Handler{
		kindRecord:  n.receivePush(false),
		kindInsist:  n.receivePush(true),
		kindAck:     n.receiveNote(n.handleAck),
		kindAccuse:  n.receiveNote(n.watch.accusedBy),
		kindProbe:   n.answerProbe,
		kindAnswer:  n.receiveNote(n.watch.answered),
		kindHeads:   n.receiveHeads,
		kindWant:    n.receiveWant,
		kindRecords: n.receiveRecords,
		kindRelay:   n.receiveRelay,
		kindBranch:  n.receiveBranch,
		kindRelayed: n.receiveRelayed,
		kindSeen:    n.receiveNote(n.handleSeen),

		kindLoadQuestion: n.load.answer,
		kindLoadAnswer:   n.questions.answered,
	}
}

// accept logs what cannot be used. Where senders are known, nobody may say that it is another; who is what it says has
// given a sign of life.
func (n *Node) accept(from transport.From, claimed identity, err error, dropped string) bool {
	if err == nil && from.ID != "" && claimed.String() != from.ID {
		err = errImpostor
	}
	if err != nil {
		n.seldom.Warn(err, dropped)
		return false
	}
	n.contact(claimed)
	n.push.prove(claimed, from.Addr)
	return true
}

// receivePush parses strictly what an owner sent of itself. Where senders are known, nobody else may.
func (n *Node) receivePush(insists bool) transport.Handler {
	return func(from transport.From, body []byte) {
		push, err := decodePush(body, n.wire)
		if n.accept(from, identityOf(push.record), err, "cluster: dropped a record") {
			push.insists, push.by = insists, from
			n.inbox.admit(n.ctx, push, len(body))
			n.tellSeen(from, push)
		}
	}
}

func (n *Node) receiveNote(handle func(note)) transport.Handler {
	return func(from transport.From, body []byte) {
		m, err := decodeNote(body)
		if n.accept(from, m.from, err, "cluster: dropped a message") {
			handle(m)
		}
	}
}

func (n *Node) receiveHeads(from transport.From, body []byte) {
	m, err := decodeHeadsMessage(body)
	if n.accept(from, m.from, err, "cluster: dropped a message of heads") {
		n.inbox.admit(n.ctx, headsEvent{m, false}, len(body))
	}
}

func (n *Node) receiveWant(from transport.From, body []byte) {
	m, err := decodeWant(body)
	if n.accept(from, m.from, err, "cluster: dropped a message that wants records") {
		n.repair.serve(m)
	}
}

func (n *Node) receiveRecords(from transport.From, body []byte) {
	m, err := decodeRecords(body, n.wire)
	if n.accept(from, m.from, err, "cluster: dropped records of others") {
		n.inbox.admit(n.ctx, recordsEvent{m}, len(body))
	}
}

func (n *Node) receiveRelay(from transport.From, body []byte) {
	first, last, push, err := decodeRelay(body, n.wire)
	if n.accept(from, identityOf(push.record), err, "cluster: dropped a record to be relayed") {
		push.by = from
		n.inbox.admit(n.ctx, push, len(body))
		n.relay.begin(push, first, last)
	}
}

func (n *Node) receiveBranch(from transport.From, body []byte) {
	relay, record, err := decodeBranch(body, n.wire)
	if n.accept(from, relay, err, "cluster: dropped a record that was relayed") {
		n.inbox.admit(n.ctx, branchEvent{relay, record}, len(body))
	}
}

func (n *Node) receiveRelayed(from transport.From, body []byte) {
	m, err := decodeRelayed(body)
	if n.accept(from, m.from, err, "cluster: dropped what a relay confirmed") {
		n.push.relayed(m)
	}
}
