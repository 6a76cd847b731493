package endpoint

import (
	"slices"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

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
func Subset(size int) EndpointerOption { return func(e *Endpointer) { e.size = size } }

// fineness is how much weights are scaled up, where they are small, for parts of them to be whole numbers.
const fineness = 1000

// subset gives the part of instances that this process uses.
func (e *Endpointer) subset(snapshot *membership.Snapshot, instances []membership.Instance) []membership.Instance {
	rank, callers := rankOf(e.view.Self(), snapshot)
	if e.size <= 0 || callers <= 1 || len(instances) <= e.size {
		return instances
	}
	items := itemsOf(instances)
	part := balancer.Aperture(items, e.size, rank, callers)
	used := make([]membership.Instance, len(part))
	for i, item := range part {
		used[i] = item.Value
		used[i].Weight = item.Weight
	}
	return used
}

// itemsOf gives each address once. A place on the ring goes by the member's name, so that it outlives a restart elsewhere.
func itemsOf(instances []membership.Instance) []balancer.Item[membership.Instance] {
	heaviest := 1
	for i := range instances {
		heaviest = max(heaviest, instances[i].Weight)
	}
	scale := max(min(membership.MaxWeight/heaviest, fineness), 1)
	items := make([]balancer.Item[membership.Instance], 0, len(instances))
	addresses := make(map[string]bool, len(instances))
	for _, instance := range instances {
		if !addresses[instance.Address] {
			addresses[instance.Address] = true
			items = append(items, balancer.Item[membership.Instance]{Key: instance.Member, Weight: instance.Weight * scale, Value: instance})
		}
	}
	return items
}

// rankOf gives the rank of self among its peers and their number, itself included; 0 of 0 if it is no member.
func rankOf(self string, snapshot *membership.Snapshot) (rank, peers int) {
	own, ok := snapshot.Member(self)
	if !ok {
		return 0, 0
	}
	for _, member := range snapshot.Members() {
		if member.Name == self {
			rank = peers
		}
		if offerAlike(own.Services, member.Services) {
			peers++
		}
	}
	return rank, peers
}

// offerAlike compares the names, of which a member has each once.
func offerAlike(a, b []membership.Service) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(one membership.Service) bool {
		return !slices.ContainsFunc(b, func(other membership.Service) bool { return one.Name == other.Name })
	})
}
