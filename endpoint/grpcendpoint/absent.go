package grpcendpoint

import (
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/membership"
)

var (
	errNobody    = errors.New("no member offers it")
	errNoMembers = errors.New("this member is not connected to any other yet")
)

// absent returns why a snapshot has no instance to call.
func (t *target) absent(snapshot *membership.Snapshot) error {
	cause := errNobody
	switch offered := len(snapshot.Instances(t.service)); {
	case offered == 1:
		cause = errors.New("the only instance does not match the filter")
	case offered > 1:
		cause = fmt.Errorf("none of its %d instances matches the filter", offered)
	case len(snapshot.Members()) <= 1:
		cause = errNoMembers
	}
	if err := snapshot.Err(); err != nil {
		cause = fmt.Errorf("%w; %w", cause, err)
	}
	return fmt.Errorf("grpcendpoint: no instance of service %q: %w", t.service, cause)
}

// unreachable returns the error of RPCs while no instance of service can be connected to.
func unreachable(service string, instances int, last error) error {
	if instances == 1 {
		return fmt.Errorf("grpcendpoint: the only instance of service %q cannot be reached, last error: %w",
			service, last)
	}
	return fmt.Errorf("grpcendpoint: none of the %d instances of service %q can be reached, last error: %w",
		instances, service, last)
}
