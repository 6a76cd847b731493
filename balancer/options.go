package balancer

import "time"

// Option configures [New].
type Option func(*options)

type options struct {
	slowStart time.Duration
	failures  int // in a row, after which an item is ejected; 0 for never
	zone      string
}

// longestSlowStart keeps sums of times from overflowing. A start that takes years is as slow.
const longestSlowStart = 10 * 365 * 24 * time.Hour

func defaults() options { return options{slowStart: 10 * time.Second, failures: 5} }

// SlowStart gives an item that began to serve a share that grows evenly from 10 % of its weight to all of it within this
// time, so that its caches and connections warm up first. The default is 10 s; 0 switches it off. While more than
// half of the items are that new, none starts slowly, as the others could not carry what is kept from them.
// The window begins when this Balancer first sees the item. Only for an item of the first Updates does Started count,
// as the clock of another machine may be wrong.
// Envoy's slow start ramps in the same way.
func SlowStart(window time.Duration) Option {
	return func(o *options) { o.slowStart = min(max(window, 0), longestSlowStart) }
}

// Eject sets after how many failures in a row an item is ejected, that is not picked for a while: for 1 s at first, twice as long each
// next time, 8 s at most, less up to half by lot. When it is back one more failure ejects it again. At most half of the
// items are ejected at a time, further ones are picked as ever. The default is 5; 0 switches it off.
// The rule is that of Envoy's outlier detection, by consecutive failures.
func Eject(failures int) Option { return func(o *options) { o.failures = max(failures, 0) } }

// PreferZone picks items of this zone, see [Item], while they are not busier than those of the others. What is too much goes to other
// zones: the share grows while the items here have more requests in flight for their weights, by what they reported and by this Balancer's own calls,
// and falls when they have less. So a zone with many callers spills over to those with few, and spreads the load. Without
// reports, the time that calls take here and there decides, which knows less of the others. While no item here is in use, all calls go
// elsewhere. The default is "", all zones are alike.
func PreferZone(zone string) Option { return func(o *options) { o.zone = zone } }
