package balancer

import (
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	missesCount = 3 // in a row, as datagrams are lost

	firstTimeout   = time.Second // until a round trip is known: the first may take a handshake
	leastTimeout   = 100 * time.Millisecond
	longestTimeout = time.Second
	answerLost     = 2 * time.Second // after which no answer is waited for, as of View.Probe

	// Pauses between two probes to one instance, each twice as long as the last.
	firstUnknown, longestUnknown = time.Second, 30 * time.Second           // which tells no load
	firstSilent, longestSilent   = 100 * time.Millisecond, 5 * time.Second // which does not answer any more
)

// probed is what a Prober knows of one life of an item.
type probed struct {
	key      string
	instance membership.Instance
	flight   *flight // nil while none is under way
	tells    bool    // its last answer held a load
	missed   int     // probes in a row, since it told one
	next     time.Time
	pause    time.Duration

	trip, spread time.Duration // of round trips, smoothed
}

// of gives what is known of an item, nothing of a new life.
func (p *Prober[T]) of(key string, instance membership.Instance) *probed {
	one := p.known[key]
	if one == nil || one.instance.Member != instance.Member || one.instance.Boot != instance.Boot {
		one = &probed{key: key}
		p.known[key] = one
	}
	one.instance = instance
	return one
}

// forget lets go of items that have left.
func (p *Prober[T]) forget() {
	for one := range p.silent {
		if !p.picks.has(one.key) || p.known[one.key] != one {
			delete(p.silent, one)
		}
	}
	if len(p.known) > 2*p.picks.Len() {
		for key := range p.known {
			if !p.picks.has(key) {
				delete(p.known, key)
			}
		}
	}
}

func (o *probed) due(now time.Time) bool { return o.flight == nil && !now.Before(o.next) }

// timeout goes by the round trips so far, as TCP's does (RFC 6298).
func (o *probed) timeout() time.Duration {
	if o.trip == 0 {
		return firstTimeout
	}
	return min(max(o.trip+4*o.spread, leastTimeout), longestTimeout)
}

// answered notes the answer to f.
func (o *probed) answered(f *flight, tells bool, now time.Time) {
	o.tripTook(now.Sub(f.sent))
	if o.flight == f {
		o.flight = nil
	}
	if o.missed, o.tells = 0, tells; tells {
		o.next, o.pause = time.Time{}, 0
	} else {
		o.backOff(now)
	}
}

func (o *probed) tripTook(trip time.Duration) {
	if o.trip == 0 {
		o.trip, o.spread = max(trip, 1), trip/2
		return
	}
	o.spread += ((o.trip - trip).Abs() - o.spread) / 4
	o.trip += (trip - o.trip) / 8
}

// miss notes that the probe under way was not answered in time. Of one that never told a load it says nothing.
func (o *probed) miss(now time.Time) {
	o.flight = nil
	if !o.tells {
		o.backOff(now)
		return
	}
	if o.missed++; o.missed >= missesCount {
		o.wait(firstSilent, longestSilent, now)
	}
}

func (o *probed) backOff(now time.Time) { o.wait(firstUnknown, longestUnknown, now) }

func (o *probed) wait(first, longest time.Duration, now time.Time) {
	o.pause = min(max(2*o.pause, first), longest)
	o.next = now.Add(o.pause)
}
