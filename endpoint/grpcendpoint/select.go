package grpcendpoint

import (
	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// Where uses only the instances of which matches says true, as if there were no others. It is called for each instance
// after each change of the view; it must not block, nor change the instance. Where it panics the instance is left out, and that is
// logged by gRPC's log. Given more than once, also as [WithTag] and [WithVersion], all must match. The default is all instances.
func Where(matches func(membership.Instance) bool) Option {
	return func(t *target) { t.selection.Where = append(t.selection.Where, matches) }
}

// WithTag uses only instances that have all of tags, see [Where].
func WithTag(tags ...string) Option { return Where(balancer.HasTags(tags...)) }

// WithVersion uses only instances of this version, see [Where].
func WithVersion(version string) Option { return Where(balancer.HasVersion(version)) }

// Subset connects to size instances, or some more, where a connection of each caller to each instance would be too many, as
// Subset of package endpoint does. The default, 0 or less, is all instances.
func Subset(size int) Option { return func(t *target) { t.selection.Size = size } }
