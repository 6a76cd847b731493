package endpoint

import (
	"slices"

	"github.com/grapevine-go/grapevine/membership"
)

// Where has an [Endpointer] use only the instances of which matches says true, as if there were no others: no factory runs for
// those, and where none is left there is nothing to call. An instance enters and leaves as what it says of itself
// changes. Given more than once, also as [WithTag] and [WithVersion], all must match. By default every instance does.
//
// The function is called from one goroutine, for each instance after each change of the view. It must not block, nor
// change the instance. Where it panics the instance is left out, and that is logged.
func Where(matches func(membership.Instance) bool) EndpointerOption {
	return func(e *Endpointer) { e.where = append(e.where, matches) }
}

// WithTag uses only instances that have all of tags, see [Where].
func WithTag(tags ...string) EndpointerOption {
	return Where(func(i membership.Instance) bool {
		return !slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(i.Tags, tag) })
	})
}

// WithVersion uses only instances of this version, see [Where].
func WithVersion(version string) EndpointerOption {
	return Where(func(i membership.Instance) bool { return i.Version == version })
}

// choose gives the instances to be connected to. Those that match are ranked among themselves: the draining ones of a
// version take its calls when it has no other.
func (e *Endpointer) choose(snapshot *membership.Snapshot) []membership.Instance {
	if len(e.where) == 0 {
		return snapshot.Available(e.service)
	}
	var matching []membership.Instance
	for _, instance := range snapshot.Instances(e.service) {
		if e.matches(instance) {
			matching = append(matching, instance)
		}
	}
	return membership.Available(matching)
}

func (e *Endpointer) matches(instance membership.Instance) (all bool) {
	defer func() {
		if recovered := recover(); recovered != nil {
			all = false
			e.log.Error().Any("panic", recovered).Str("instance", instance.Address).Msg("endpoint: filter panicked")
		}
	}()
	return !slices.ContainsFunc(e.where, func(matches func(membership.Instance) bool) bool { return !matches(instance) })
}
