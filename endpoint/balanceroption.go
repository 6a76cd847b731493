package endpoint

import "github.com/grapevine-go/grapevine/balancer"

// With passes options on to the balancer: [balancer.SlowStart], [balancer.Eject], [balancer.PreferZone].
func With(options ...balancer.Option) BalancerOption {
	return func(b *Balancer) {
		for _, option := range options {
			if option != nil {
				b.with = append(b.with, option)
			}
		}
	}
}

// Probes sets how many load probes a Balancer sends each second at most. The default is 500; 0 or less sends none.
//
// Probes ask instances for the requests that they are serving, whoever sent them, as each of them counts: see [CountHTTP] and
// ReportLoad of cluster.Node. With each call three are sent to instances drawn by lot, a datagram of 16 bytes beside what
// seals it, off the path of the call; without calls there are none. They are sent only for a policy that goes by them, as
// [balancer.LeastRequest] and [balancer.PreferZone] do, where there are at least two instances and a node is behind the view.
//
// An instance that has told its load and then leaves three probes in a row unanswered, for 100 ms each or longer where round trips
// are longer, is not picked while another is left, until it answers a probe or a call; the node looks at its member. One that does
// not count its requests, or whose member is of a release that knows no probes, is asked again after a second, and then more
// and more seldom, up to 30 s.
//
// Without probes all of this works by what the Balancer sees itself: its own calls in flight, how they end, and what the cluster
// says. What is lost is the load that other callers make, so that with many callers, each with few calls in flight, the least
// busy of two instances is little more than a guess; and the time until a process that stands still gets no more calls,
// which is then that of the first calls to time out, or some seconds.
// How it probes is [balancer.Prober]'s.
func Probes(perSecond int) BalancerOption {
	return func(b *Balancer) { b.probes = perSecond }
}
