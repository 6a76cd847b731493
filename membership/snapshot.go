package membership

import (
	"cmp"
	"errors"
	"maps"
	"slices"
)

// ErrIsolated is what a [Snapshot] reports while every peer is out of reach without having said goodbye. The snapshot
// then holds what was last known.
var ErrIsolated = errors.New("membership: cut off from every peer: serving what was last known")

// Snapshot is what was known at one moment. It never changes. Slices and maps that it hands out are shared by all who
// ask: read them, do not write to them.
type Snapshot struct {
	version  uint64
	members  []Member // by name
	services map[string]offer
	err      error
	changed  chan struct{}
}

// offer is all that is known of one service.
type offer struct {
	all       []Instance // by member
	available []Instance
	addresses []string // of the available, ascending, each once
}

// Version counts the snapshots of a view, from 1.
func (s *Snapshot) Version() uint64 { return s.version }

// Err is nil, or why the snapshot may be out of date: [ErrIsolated].
func (s *Snapshot) Err() error { return s.err }

// Changed is closed as soon as the view has a newer snapshot.
func (s *Snapshot) Changed() <-chan struct{} { return s.changed }

// Members gives all members, this process among them, ordered by name.
func (s *Snapshot) Members() []Member { return s.members }

// Member gives the member of that name.
func (s *Snapshot) Member(name string) (Member, bool) {
	at, ok := slices.BinarySearchFunc(s.members, name, func(m Member, name string) int { return cmp.Compare(m.Name, name) })
	if !ok {
		return Member{}, false
	}
	return s.members[at], true
}

// Services gives the names of all services that have an instance, in ascending order.
func (s *Snapshot) Services() []string { return slices.Sorted(maps.Keys(s.services)) }

// Instances gives every instance of service, ordered by member, the draining ones included. It does not copy.
func (s *Snapshot) Instances(service string) []Instance { return s.services[service].all }

// Available gives the instances of service that new calls should go to, ordered by member: the active ones, or those of them
// that are suspected when no other is left, or the draining ones when none of these is. It does not copy.
func (s *Snapshot) Available(service string) []Instance { return s.services[service].available }

// Addresses gives the addresses of Available, each once, in ascending order. It does not copy.
func (s *Snapshot) Addresses(service string) []string { return s.services[service].addresses }

// next is the snapshot that follows s once the members named in changed are as now says; a member that now lacks is
// gone. It copies the list of members and the lists of the services that changed, and sorts only what is new.
func (s *Snapshot) next(changed map[string]bool, now map[string]Member, err error) *Snapshot {
	next := &Snapshot{
		version:  s.version + 1,
		services: maps.Clone(s.services),
		err:      err,
		changed:  make(chan struct{}),
	}
	fresh := make([]Member, 0, len(now))
	for _, name := range slices.Sorted(maps.Keys(now)) {
		fresh = append(fresh, now[name])
	}
	next.members = merge(s.members, fresh, func(m *Member) string { return m.Name }, changed)
	touched := make(map[string][]Instance) // the instances of fresh, by service
	for name := range changed {
		before, _ := s.Member(name)
		for _, service := range before.Services {
			touched[service.Name] = nil
		}
	}
	for i := range fresh {
		for at := range fresh[i].Services {
			name := fresh[i].Services[at].Name
			touched[name] = append(touched[name], fresh[i].instanceAt(at))
		}
	}
	for service, some := range touched {
		all := merge(s.Instances(service), some, func(i *Instance) string { return i.Member }, changed)
		if len(all) == 0 {
			delete(next.services, service)
			continue
		}
		next.services[service] = newOffer(all)
	}
	return next
}

// merge gives old, without the members that changed, and fresh, both ordered by the member's name, in one order.
func merge[T any](old, fresh []T, name func(*T) string, changed map[string]bool) []T {
	merged := make([]T, 0, len(old)+len(fresh))
	for i := range old {
		if changed[name(&old[i])] {
			continue
		}
		for len(fresh) > 0 && name(&fresh[0]) < name(&old[i]) {
			merged, fresh = append(merged, fresh[0]), fresh[1:]
		}
		merged = append(merged, old[i])
	}
	return append(merged, fresh...)
}

func newOffer(all []Instance) offer {
	o := offer{all: slices.Clip(all), available: slices.Clip(Available(all))}
	o.addresses = make([]string, len(o.available))
	for i := range o.available {
		o.addresses[i] = o.available[i].Address
	}
	slices.Sort(o.addresses)
	o.addresses = slices.Clip(slices.Compact(o.addresses))
	return o
}

// Available gives those of all that new calls should go to, in their order, by the rule of [Snapshot.Available]. It does not
// copy where these are all.
func Available(all []Instance) []Instance {
	var count [ranks]int
	for i := range all {
		count[all[i].rank()]++
	}
	best := slices.IndexFunc(count[:], func(n int) bool { return n > 0 })
	if best < 0 || count[best] == len(all) {
		return all
	}
	available := make([]Instance, 0, count[best])
	for i := range all {
		if all[i].rank() == best {
			available = append(available, all[i])
		}
	}
	return available
}

const ranks = 4

// rank orders instances by whether they should be called, the best first.
func (i *Instance) rank() (rank int) {
	if i.State != Active {
		rank = 2
	}
	if i.Suspected {
		rank++
	}
	return rank
}
