package balancer

import "time"

// bucket is a token bucket: so many tokens each second, and up to depth saved up. It starts full. It belongs to one goroutine.
type bucket struct {
	perSecond, depth float64
	spent            float64
	at               time.Time
}

// has says whether there are n tokens.
func (b *bucket) has(n float64, now time.Time) bool {
	b.spent = max(0, b.spent-now.Sub(b.at).Seconds()*b.perSecond)
	b.at = now
	return b.depth-b.spent >= n
}

// take takes one, on credit if there is none.
func (b *bucket) take() { b.spent++ }
