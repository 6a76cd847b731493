package cluster

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	loadPatience  = 2 * time.Second // for how long an answer is waited for, at least
	mostQuestions = 4096            // within that time; beyond it, the oldest are not waited for
)

// questions are this node's load probes that wait for an answer.
type questions struct {
	node *Node

	mu     sync.Mutex
	recent map[uint64]question // by ID, those of the last loadPatience
	older  map[uint64]question // those of the time before
	turned time.Time           // when recent was begun
}

type question struct {
	of      identity
	answers chan<- membership.ProbeAnswer
}

func newQuestions(n *Node) *questions {
	return &questions{node: n, recent: make(map[uint64]question)}
}

var errNotLiving = errors.New("cluster: probe: the instance is not known to live")

// ask sends a probe: [membership.View.Probe].
func (qs *questions) ask(instance membership.Instance, answers chan<- membership.ProbeAnswer) (uint64, error) {
	if qs.node.ctx.Err() != nil {
		return 0, membership.ErrNoProbes
	}
	asked := loadQuestion{rand.Uint64(), serviceKey(instance.Service.Name)}
	id := identity{instance.Member, instance.Boot.ID}
	if id == qs.node.id {
		deliver(answers, qs.node.load.to(asked))
		return asked.id, nil
	}
	to, known := qs.node.watch.where(id)
	if !known {
		return 0, errNotLiving
	}
	qs.add(asked.id, question{id, answers})
	qs.node.send(to, asked.encode())
	return asked.id, nil
}

// add notes a question. What was not answered for long is forgotten as others are asked.
func (qs *questions) add(id uint64, q question) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	if now := time.Now(); now.Sub(qs.turned) > loadPatience || len(qs.recent) >= mostQuestions {
		qs.recent, qs.older, qs.turned = make(map[uint64]question), qs.recent, now
	}
	qs.recent[id] = q
}

// take gives a question that is waited for.
func (qs *questions) take(id uint64) (q question, ok bool) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	if q, ok = qs.recent[id]; !ok {
		q, ok = qs.older[id]
	}
	delete(qs.recent, id)
	delete(qs.older, id)
	return q, ok
}

// answered is the handler of answers.
func (qs *questions) answered(from transport.From, body []byte) {
	a, err := decodeLoadAnswer(body)
	if err != nil {
		qs.node.seldom.Warn(err, "cluster: dropped a load")
		return
	}
	if q, ok := qs.take(a.id); ok && qs.node.accept(from, q.of, nil, "cluster: dropped a load") {
		deliver(q.answers, a)
	}
}

// deliver waits for nobody.
func deliver(answers chan<- membership.ProbeAnswer, a loadAnswer) {
	select {
	case answers <- membership.ProbeAnswer{ID: a.id, InFlight: a.inFlight, Known: a.known}:
	default:
	}
}
