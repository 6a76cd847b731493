package balancer

import (
	"slices"

	"github.com/grapevine-go/grapevine/membership"
)

// fineness is how much weights are scaled up, where they are small, for parts of them to be whole numbers.
const fineness = 1000

// part gives those of instances that this process uses.
func (s *Selection) part(self string, snapshot *membership.Snapshot, instances []membership.Instance) []membership.Instance {
	if s.Size <= 0 || len(instances) <= s.Size {
		return instances
	}
	rank, callers := rankOf(self, snapshot)
	if callers <= 1 {
		return instances
	}
	part := Aperture(itemsOf(instances), s.Size, rank, callers)
	used := make([]membership.Instance, len(part))
	for i, item := range part {
		used[i] = item.Value
		used[i].Weight = item.Weight
	}
	return used
}

// itemsOf gives each address once. A place on the ring goes by the member's name, so that it outlives a restart elsewhere.
func itemsOf(instances []membership.Instance) []Item[membership.Instance] {
	heaviest := 1
	for i := range instances {
		heaviest = max(heaviest, instances[i].Weight)
	}
	scale := max(min(MaxWeight/heaviest, fineness), 1)
	items := make([]Item[membership.Instance], 0, len(instances))
	addresses := make(map[string]bool, len(instances))
	for _, instance := range instances {
		if !addresses[instance.Address] {
			addresses[instance.Address] = true
			items = append(items, Item[membership.Instance]{Key: instance.Member, Weight: instance.Weight * scale, Value: instance})
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
