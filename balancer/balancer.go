package balancer

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// ErrNoInstances is returned by Pick and PickFor while the set is empty.
var ErrNoInstances = errors.New("balancer: no instances")

// Balancer picks from a set of items that may change at any time. Make one with New. Its methods may be called
// concurrently.
type Balancer[T any] struct {
	policy  Policy
	options options
	set     atomic.Pointer[set[T]] // nil while empty

	total    counter
	degrades atomic.Bool // as the policy of the set wants
	mu       sync.Mutex  // held to change the set, and to take items out of use
	known    register
	deck     deck
}

// Token stands for one call in flight, from Pick to Done. The zero Token stands for none.
type Token struct {
	candidate *Candidate
	began     int64 // by now; 0 if the call is not timed
	peak      bool  // every call is timed, so that its peak is known
	counted   uint8 // inTotal, trial; a fifth field would keep the compiler from holding a Token in registers
}

// Token.counted holds these marks of a call.
const (
	inTotal = 1 << iota // the total counts it
	trial               // it went to a degraded candidate
)

// New returns a Balancer with no items. The Policy value belongs to it: do not give it to another one. By default items
// start slowly, see [SlowStart], and are ejected when they fail, see [Eject].
func New[T any](policy Policy, with ...Option) *Balancer[T] {
	b := &Balancer[T]{policy: policy, options: defaults()}
	for _, option := range with {
		option(&b.options)
	}
	if b.options.zone != "" {
		b.policy = newZonal(b.options.zone, policy).build
	}
	return b
}

// Update replaces the set; of items with the same Key the first counts. What is known of a Key that stays, or is back
// within 10 minutes, is kept: calls in flight, latency, errors, the last report. A concurrent Pick sees the old set or the
// new one. The slice is not kept.
func (b *Balancer[T]) Update(items []Item[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := newSet[T](len(items))
	for _, item := range items {
		if !next.has(item.Key) {
			next.add(item, b.known.candidate(item.Key, item.Started, b.options.slowStart))
		}
	}
	b.known.keep(next.index, next.candidates)
	if len(next.values) == 0 {
		b.set.Store(nil)
		return
	}
	next.warm(b.options.slowStart)
	next.build(b.policy, &b.total)
	b.degrades.Store(next.policySet.degrades)
	b.set.Store(next)
}

// Pick returns the value that should take the next call, which is in flight from here to Done. It takes no lock and
// allocates nothing. The only error is ErrNoInstances.
func (b *Balancer[T]) Pick() (value T, token Token, err error) {
	current := b.set.Load()
	if current == nil {
		return value, token, ErrNoInstances
	}
	word := rand.Uint64()
	return b.take(current, current.choose(Call{Word: word, Hash: word}), word)
}

// PickFor is Pick for a call with a key, or for another attempt at a call: it returns a value of which c.Tried says false
// while there is one, and any when all were tried. It asks the policy first, but may go on to look at every item.
func (b *Balancer[T]) PickFor(c Choice[T]) (value T, token Token, err error) {
	current := b.set.Load()
	if current == nil {
		return value, token, ErrNoInstances
	}
	call := Call{Word: rand.Uint64()}
	call.Hash = call.Word
	if c.Key != "" {
		call.Hash = hash(c.Key)
	}
	if c.Tried == nil {
		return b.take(current, current.choose(call), call.Word)
	}
	return b.take(current, current.untried(call, c.Tried), call.Word)
}

// take counts the call before it returns, so that the next pick already sees it.
func (b *Balancer[T]) take(from *set[T], position int, word uint64) (T, Token, error) {
	candidate := from.candidates[position]
	candidate.inFlight.Add(1)
	token := Token{candidate: candidate}
	if candidate.caution.Load()&degraded != 0 {
		token.counted = trial
	}
	if word&(timedOneIn-1) == 0 || from.policySet.timed {
		token.began, token.peak = now(), from.policySet.timed
	}
	if from.policySet.tally {
		b.total.Add(1)
		token.counted |= inTotal
	}
	return from.values[position], token, nil
}

// timedOneIn is how many calls share one reading of the clock, which costs more than the pick. Which ones these are is said by the
// lowest bits of the random word.
const timedOneIn = 16

// Done says how a call has ended. Call it exactly once for each pick, with its Token, even if the item has left the
// set since. A zero Token is ignored.
func (b *Balancer[T]) Done(t Token, outcome Outcome) {
	c := t.candidate
	if c == nil {
		return
	}
	c.inFlight.Add(-1)
	if t.counted&inTotal != 0 {
		b.total.Add(-1)
	}
	switch {
	case outcome == Failure:
		b.failed(c)
	case outcome == Success:
		if t.began != 0 {
			c.took(now()-t.began, t.peak)
			c.degradation.prove()
		}
		if c.failing() {
			c.succeeded(t.counted&trial != 0)
		}
	case outcome == Canceled:
		if t.began != 0 {
			c.tookLonger(now()-t.began, t.peak)
		}
	}
}

// Len is the number of items in the set.
func (b *Balancer[T]) Len() int {
	if current := b.set.Load(); current != nil {
		return len(current.values)
	}
	return 0
}
