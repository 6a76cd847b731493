package cluster

import (
	"sync"
	"time"
)

const (
	inquireAfter  = 2 * time.Second
	mostInquiries = 1024 // names to ask about
)

// inquirer asks one of the others what it knows of members that were just given up: they may have said goodbye, and be looked
// for in vain. Digests do not tell: they are of those that live.
type inquirer struct {
	node *Node

	mu     sync.Mutex
	due    map[string]time.Time // when to ask about a name
	asking bool                 // a goroutine does
}

// inquire asks about a name before long.
func (q *inquirer) inquire(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.due[name]; !known && len(q.due) >= mostInquiries {
		return
	}
	q.due[name] = time.Now().Add(jitter(q.node.stretch(inquireAfter)))
	if !q.asking {
		q.asking = q.node.spawn(q.run)
	}
}

// run asks about each name in its time, and ends when none is left.
func (q *inquirer) run() {
	for name, wait, ok := q.next(); ok; name, wait, ok = q.next() {
		if wait > 0 {
			if !sleep(q.node.ctx, wait) {
				return
			}
			continue
		}
		q.ask(name)
	}
}

// next takes a name that is due, or returns how long it is until one is.
func (q *inquirer) next() (name string, wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := time.Time{}
	for other, at := range q.due {
		if !ok || at.Before(first) {
			name, first, ok = other, at, true
		}
	}
	if wait = time.Until(first); ok && wait <= 0 {
		delete(q.due, name)
	}
	q.asking = ok
	return name, wait, ok
}

// ask asks a member that is not the name's own.
func (q *inquirer) ask(name string) {
	for peer := range q.node.push.living() { // in random order
		if peer.name != name {
			q.node.repair.askAbout(name, peer)
			return
		}
	}
}
