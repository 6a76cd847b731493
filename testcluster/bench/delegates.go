package main

import (
	"sync/atomic"

	"github.com/hashicorp/memberlist"
)

// events is memberlist's EventDelegate: it counts members that left, and passes on what is new of others.
type events struct {
	changed watcher
	tally
}

func (e *events) NotifyJoin(n *memberlist.Node)   { e.tell(n) }
func (e *events) NotifyUpdate(n *memberlist.Node) { e.tell(n) }

func (e *events) NotifyLeave(n *memberlist.Node) {
	e.changed(func(awaited news) bool { return awaited.lost(n.Name) })
	e.tally.lost(n.Name)
}

func (e *events) tell(n *memberlist.Node) {
	e.changed(func(awaited news) bool { return awaited.toldBy(n.Name, n.Address(), string(n.Meta)) })
}

// mute is memberlist's Delegate that says nothing.
type mute struct{}

func (mute) NotifyMsg([]byte)                {}
func (mute) NodeMeta(int) []byte             { return nil }
func (mute) GetBroadcasts(int, int) [][]byte { return nil }
func (mute) LocalState(bool) []byte          { return nil }
func (mute) MergeRemoteState([]byte, bool)   {}

// listener tells of every message.
type listener struct {
	mute
	handled chan<- struct{}
}

func (l listener) NotifyMsg([]byte) { l.handled <- struct{}{} }

// label has a service's name for its metadata.
type label struct {
	mute
	service atomic.Value // a string
}

func (l *label) set(service string) { l.service.Store(service) }

func (l *label) NodeMeta(int) []byte {
	service, _ := l.service.Load().(string)
	return []byte(service)
}
