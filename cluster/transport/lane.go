package transport

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
)

// lane is the queue of one kind and the goroutine that empties it. Senders take turns, so that messages of one sender wait
// behind its own, however many it sends.
type lane struct {
	handle  func(delivery)
	depth   int
	limit   rate.Limit // for each sender; the zero value has none
	cost    func(payload []byte) float64
	filled  chan struct{} // holds a token while there may be something to handle
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting *turns // nil while nothing waits, nor has for a while
}

// delivery is a message that waits for its handler.
type delivery struct {
	from    From
	payload []byte
	packet  *Packet // instead of a payload, for memberlist
	done    func()  // returns the room that it takes
}

func newLane(depth int, handle func(delivery)) *lane {
	return &lane{handle: handle, depth: depth, filled: make(chan struct{}, 1)}
}

// put adds a message. Where the lane is full, the sender with the longest queue loses its newest.
func (l *lane) put(d delivery) {
	l.mu.Lock()
	if l.waiting == nil {
		l.waiting = newTurns()
	}
	lost, full := l.waiting.add(d, l.depth)
	l.mu.Unlock()
	if full {
		l.dropped.Add(1)
		lost.done()
	}
	select {
	case l.filled <- struct{}{}:
	default:
	}
}

// empty reports whether nothing waits.
func (l *lane) empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting == nil || l.waiting.count == 0
}

// next takes the oldest message of the sender whose turn it is.
func (l *lane) next() (d delivery, ok bool) {
	d, _, ok = l.take(time.Now())
	return d, ok
}

// take is next, and returns how long to wait where all senders with messages are over their limit, 0 where nothing waits.
func (l *lane) take(now time.Time) (d delivery, wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == nil {
		return d, 0, false
	}
	return l.waiting.take(func(s *sender) time.Duration { return l.owes(s, now) })
}

// owes spends the cost of a sender's oldest message, or returns for how long it has to wait.
func (l *lane) owes(s *sender, now time.Time) time.Duration {
	if l.limit == (rate.Limit{}) {
		return 0
	}
	cost := 1.0
	if l.cost != nil {
		cost = l.cost(s.queue[0].payload)
	}
	return s.meter.Spend(l.limit, cost, now)
}

// run handles messages until ctx is done.
func (l *lane) run(ctx context.Context) {
	for {
		d, wait, ok := l.take(time.Now())
		if ok {
			l.handle(d)
			d.done()
		} else if !l.await(ctx, wait) {
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// await waits for a message, or for the time when a sender is within its limit again.
func (l *lane) await(ctx context.Context, wait time.Duration) bool {
	var due <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-l.filled:
	case <-due:
	case <-ctx.Done():
		return false
	}
	return true
}
