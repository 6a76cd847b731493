package cluster

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// ReportLoad has this node answer load probes for a service with what inFlight says: the requests that the process is
// serving for it at the moment, as a [membership.Gauge] counts them. Callers then send it fewer calls while it is busier than
// others, see endpoint.Probes. Without it probes are answered all the same, but tell nothing.
//
// inFlight must return at once, as the answers wait for it, and not panic; several goroutines may call it. It may be set
// before the service is registered or after; nil ends it. The only error is a [*membership.FieldError] for the name.
func (n *Node) ReportLoad(service string, inFlight func() int64) error {
	if err := membership.CheckName("service name", service); err != nil {
		return wrap("report load", err)
	}
	n.load.set(serviceKey(service), inFlight)
	return nil
}

// load answers probes for the load of this process. The answers wait for nothing else: they have a queue and a goroutine of
// their own, and take no lock of this package.
type load struct {
	node    *Node
	mu      sync.Mutex // held to replace sources
	sources atomic.Pointer[map[uint64]func() int64]
}

func newLoad(n *Node) *load {
	l := &load{node: n}
	l.sources.Store(new(map[uint64]func() int64))
	return l
}

func (l *load) set(service uint64, source func() int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := maps.Clone(*l.sources.Load())
	if next == nil {
		next = make(map[uint64]func() int64)
	}
	if next[service] = source; source == nil {
		delete(next, service)
	}
	l.sources.Store(&next)
}

// answer is the handler of questions.
func (l *load) answer(from transport.From, body []byte) {
	q, err := decodeLoadQuestion(body)
	if err != nil {
		l.node.seldom.Warn(err, "cluster: dropped a load probe")
		return
	}
	l.node.transport.Reply(kindLoadAnswer, from, l.to(q).encode()[1:])
}

// to asks the source. One that panics all the same must not take the process down.
func (l *load) to(q loadQuestion) (a loadAnswer) {
	a.id = q.id
	source := (*l.sources.Load())[q.service]
	if source == nil {
		return a
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			l.node.seldom.Warn(fmt.Errorf("panic: %v", recovered), "cluster: cannot report a load")
		}
	}()
	return loadAnswer{q.id, max(source(), 0), true}
}
