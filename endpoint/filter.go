package endpoint

import (
	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// Where limits an [Endpointer] to the instances for which matches returns true. No factory runs for
// the others, and calls fail where no instance matches. An instance enters and leaves as its
// record changes. Filters add up, also [WithTag] and [WithVersion]: an instance must match all of
// them. By default, and with nil, every instance matches.
//
// The function is called in NewEndpointer, and then from one goroutine for each instance after
// each change of the view. It must not block, nor change the instance. Where it panics the
// instance is left out, and that is logged.
func Where(matches func(membership.Instance) bool) EndpointerOption {
	return func(e *Endpointer) {
		if matches != nil {
			e.selection.Where = append(e.selection.Where, matches)
		}
	}
}

// WithTag uses only instances that have all of tags, see [Where].
func WithTag(tags ...string) EndpointerOption { return Where(balancer.HasTags(tags...)) }

// WithVersion uses only instances of this version, see [Where].
func WithVersion(version string) EndpointerOption { return Where(balancer.HasVersion(version)) }

// Subset has an [Endpointer] use only a part of the instances, where a connection of every caller to every instance would be too
// many: size of them, or as many more as it takes for all callers together to use all instances evenly, or all where there are no more.
// Which, follows from the rank of this process among its peers: the members that offer the same services as it does, by
// name. They divide the instances without a word between them; instances at the edge of a part get a lower weight, so that each
// has its share of the calls. See [balancer.Aperture] for the algorithm and its source.
//
// It is applied to what is left by [Where], before any factory runs, and not to draining instances while others are left. When
// an instance or a caller comes or goes, each of C callers of N instances connects to at most 2+2N/C others. The part knows
// nothing of zones.
//
// The default, 0 or less, is all instances, and so it is for a process that is not among the members of the view, or has
// no peers yet: one that is just joining may connect to more at first.
func Subset(size int) EndpointerOption { return func(e *Endpointer) { e.selection.Size = size } }
