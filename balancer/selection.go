package balancer

import (
	"slices"

	"github.com/grapevine-go/grapevine/membership"
)

// Selection says which instances of a service a client connects to. The zero Selection is all that take calls. It is for those
// who make clients; package endpoint and its kin have options for it.
type Selection struct {
	// Where are what an instance must match to be used: one that does not is as if it were not there, and where none is left there is
	// nothing to call. They must not block, nor change the instance. One that panics does not match.
	Where []func(membership.Instance) bool

	// Size is how many instances this process uses at least; 0 or less means all. Its part follows from its rank among its
	// peers, the members that offer the same services as it does, by name. Without a place among the members, or without
	// peers, it is all. See [Aperture].
	Size int

	// Panicked, if not nil, is told of a panic in Where.
	Panicked func(i membership.Instance, recovered any)
}

// HasTags gives a func for Where: whether an instance has all of tags.
func HasTags(tags ...string) func(membership.Instance) bool {
	return func(i membership.Instance) bool {
		return !slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(i.Tags, tag) })
	}
}

// HasVersion gives a func for Where: whether an instance is of this version.
func HasVersion(version string) func(membership.Instance) bool {
	return func(i membership.Instance) bool { return i.Version == version }
}

// Of gives the instances of service to connect to, in a snapshot of view; in a part those at its edges have less weight. Do not
// write to the slice. The instances that match are ranked among themselves: the draining ones of a version take
// its calls when it has no other.
func (s *Selection) Of(view *membership.View, snapshot *membership.Snapshot, service string) []membership.Instance {
	return s.part(view.Self(), snapshot, s.matching(snapshot, service))
}

func (s *Selection) matching(snapshot *membership.Snapshot, service string) []membership.Instance {
	if len(s.Where) == 0 {
		return snapshot.Available(service)
	}
	var matching []membership.Instance
	for _, instance := range snapshot.Instances(service) {
		if s.matches(instance) {
			matching = append(matching, instance)
		}
	}
	return membership.Available(matching)
}

func (s *Selection) matches(instance membership.Instance) (all bool) {
	defer func() {
		if recovered := recover(); recovered != nil {
			all = false
			if s.Panicked != nil {
				s.Panicked(instance, recovered)
			}
		}
	}()
	return !slices.ContainsFunc(s.Where, func(matches func(membership.Instance) bool) bool { return !matches(instance) })
}
