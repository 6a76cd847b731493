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

var errImpostor = errors.New("it says that it comes from another member than it does")

// handleMessages has each kind of message handled by itself, so that none waits behind another.
func (n *Node) handleMessages() {
	for kind, handler := range n.handlers() {
		waiting := notesWaiting
		if kind == kindRecord || kind == kindInsist || kind == kindBranch {
			waiting = recordsWaiting
		}
		n.transport.Handle(kind, waiting, handler)
	}
}

func (n *Node) handlers() map[transport.Kind]transport.Handler {
	return map[transport.Kind]transport.Handler{
		kindRecord: n.receivePush(false),
		kindInsist: n.receivePush(true),
		kindAck:    n.receiveNote(n.handleAck),
		kindAccuse: n.receiveNote(n.watch.accusedBy),
		kindProbe: n.receiveNote(func(m note) {
			answer := note{from: n.id, subject: m.subject}.encode(kindAnswer)
			n.send(Address{Addr: m.replyTo, Name: m.from.String()}, answer)
		}),
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
	return true
}

// receivePush parses strictly what an owner sent of itself. Where senders are known, nobody else may.
func (n *Node) receivePush(insists bool) transport.Handler {
	return func(from transport.From, body []byte) {
		push, err := decodePush(body, n.wire)
		if n.accept(from, identityOf(push.record), err, "cluster: dropped a record") {
			push.insists = insists
			n.inbox.offer(push)
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
		n.inbox.offer(headsEvent{m, false})
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
		n.inbox.offer(recordsEvent{m})
	}
}

func (n *Node) receiveRelay(from transport.From, body []byte) {
	first, last, push, err := decodeRelay(body, n.wire)
	if n.accept(from, identityOf(push.record), err, "cluster: dropped a record to be relayed") {
		n.inbox.offer(push)
		n.relay.begin(push, first, last)
	}
}

func (n *Node) receiveBranch(from transport.From, body []byte) {
	relay, record, err := decodeBranch(body, n.wire)
	if n.accept(from, relay, err, "cluster: dropped a record that was relayed") {
		n.inbox.offer(branchEvent{relay, record})
	}
}

func (n *Node) receiveRelayed(from transport.From, body []byte) {
	m, err := decodeRelayed(body)
	if n.accept(from, m.from, err, "cluster: dropped what a relay confirmed") {
		n.push.relayed(m)
	}
}
