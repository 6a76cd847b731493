package dnsendpoint

import (
	"sync"
	"sync/atomic"

	"github.com/grapevine-go/grapevine/membership"
)

// settings are the fields of a server in the form that answers need.
type settings struct {
	zone   zone
	ttl    uint32 // seconds
	prefer string
	most   int // records that answer a question
}

// tables are the services of one snapshot. They do not change, and are read without a lock.
type tables struct {
	snapshot *membership.Snapshot
	names    []string // ascending
	services map[string]*table
}

// table is one service. Its targets are parsed at its first question.
type table struct {
	all    []membership.Instance
	groups atomic.Pointer[[]group]
}

// group is the targets that are called while a group before it has none.
type group []target

// latest keeps the tables of the latest snapshot.
type latest struct {
	mu     sync.Mutex // held while tables are made
	tables atomic.Pointer[tables]
}

// of returns the tables of a snapshot. named is called, without a lock, for each service that was not
// known before.
func (l *latest) of(snapshot *membership.Snapshot, named func(service string)) *tables {
	if known := l.tables.Load(); known != nil && known.snapshot == snapshot {
		return known
	}
	tables, added := l.update(snapshot)
	for _, service := range added {
		named(service)
	}
	return tables
}

// update makes the tables of a snapshot, unless there are those of a later one. It returns the
// services that were not known before.
func (l *latest) update(snapshot *membership.Snapshot) (_ *tables, added []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.tables.Load()
	if known != nil && known.snapshot.Version() >= snapshot.Version() {
		return known, nil
	}
	next, added := known.next(snapshot)
	l.tables.Store(next)
	return next, added
}

// next returns the tables of a later snapshot, and the services that are new. Tables of services that
// are as they were are kept.
func (t *tables) next(snapshot *membership.Snapshot) (next *tables, added []string) {
	next = &tables{snapshot: snapshot, names: snapshot.Services()}
	next.services = make(map[string]*table, len(next.names))
	for _, name := range next.names {
		var known *table
		if t != nil {
			known = t.services[name]
		}
		if known == nil {
			added = append(added, name)
		}
		all := snapshot.Instances(name)
		if known == nil || len(known.all) != len(all) || &known.all[0] != &all[0] {
			known = &table{all: all}
		}
		next.services[name] = known
	}
	return next, added
}

// parsed returns the targets of a service, by the order in which they are to be called. Two callers
// at once may both parse them, to the same end. unusable is called for each instance that no record
// can hold.
func (t *table) parsed(snapshot *membership.Snapshot, in settings, unusable func(membership.Instance, string)) []group {
	if groups := t.groups.Load(); groups != nil {
		return *groups
	}
	var groups []group
	hosts := make(map[string]int)
	for rest := t.all; len(rest) > 0; {
		first := membership.Available(rest)
		var parsed group
		for i := range first {
			one, reason := newTarget(&first[i], in)
			if reason != "" {
				unusable(first[i], reason)
				continue
			}
			if one.addr.IsValid() {
				member, _ := snapshot.Member(one.instance.Member)
				one.setName(in, member)
			}
			one.host = numberOf(hosts, one.hostKey())
			parsed = append(parsed, one)
		}
		if len(parsed) > 0 {
			groups = append(groups, parsed)
		}
		rest = without(rest, first)
	}
	t.groups.Store(&groups)
	return groups
}

// numberOf returns the number of a key, the next one for a new key.
func numberOf(numbers map[string]int, key string) int {
	number, ok := numbers[key]
	if !ok {
		number = len(numbers)
		numbers[key] = number
	}
	return number
}

// without returns those of all that are not among some. Both are ordered by member.
func without(all, some []membership.Instance) []membership.Instance {
	if len(some) == len(all) {
		return nil
	}
	rest := make([]membership.Instance, 0, len(all)-len(some))
	for _, one := range all {
		if len(some) > 0 && some[0].Member == one.Member {
			some = some[1:]
			continue
		}
		rest = append(rest, one)
	}
	return rest
}
