// Package balancer decides which instance takes the next call.
//
// A [Balancer] holds the instances and counts the calls in flight on each of them; a [Policy] chooses. Pick and
// Done take no lock, allocate nothing and cost the same for ten instances as for ten thousand.
//
// docs/balancing.md helps to choose a policy and the options around it.
package balancer
