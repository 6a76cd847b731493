package membership

import "sync/atomic"

// Gauge counts requests in flight, for a service to report as its load. The zero value is ready to use. Its methods may be
// called by any number of goroutines.
type Gauge struct{ count atomic.Int64 }

// Begin counts a request in; each needs one call of Done.
func (g *Gauge) Begin() { g.count.Add(1) }

// Done counts a request out.
func (g *Gauge) Done() { g.count.Add(-1) }

// InFlight is how many there are now.
func (g *Gauge) InFlight() int64 { return g.count.Load() }
