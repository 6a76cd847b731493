package endpoint

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/grapevine-go/grapevine/membership"
)

// NoEndpointsError is why there is no endpoint to call. errors.Is finds [ErrNoEndpoints] in it,
// and Err.
type NoEndpointsError struct {
	Service string
	Cause   NoEndpointsCause
	Err     error // of the factory, membership.ErrIsolated, net.ErrClosed after Close; nil otherwise
}

// NoEndpointsCause is why a [NoEndpointsError] happened, for people and for programs.
type NoEndpointsCause string

// The causes, the first that applies.
const (
	EndpointerClosed NoEndpointsCause = "it is closed"
	FactoryFailed    NoEndpointsCause = "the factory failed"
	FactoryPending   NoEndpointsCause = "the factory has not returned yet"
	NoMatch          NoEndpointsCause = "no instance matches the filter"
	NotConnected     NoEndpointsCause = "this node is not connected to other members"
	NotOffered       NoEndpointsCause = "no member offers it"
)

func (e *NoEndpointsError) Error() string {
	text := fmt.Sprintf("endpoint: service %q: %v: %s", e.Service, ErrNoEndpoints, e.Cause)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is reports whether target is [ErrNoEndpoints].
func (e *NoEndpointsError) Is(target error) bool { return target == ErrNoEndpoints }

// Unwrap returns Err.
func (e *NoEndpointsError) Unwrap() error { return e.Err }

// Unsent is true: there was no instance to send to.
func (e *NoEndpointsError) Unsent() bool { return true }

// noEndpoints returns why nothing can be called.
func (e *Endpointer) noEndpoints() *NoEndpointsError {
	e.mu.Lock()
	defer e.mu.Unlock()
	none := &NoEndpointsError{Service: e.service}
	var failed []error
	for _, c := range e.clients {
		if err := c.failed.Load(); err != nil {
			failed = append(failed, *err)
		}
	}
	switch {
	case e.ctx.Err() != nil:
		none.Cause, none.Err = EndpointerClosed, net.ErrClosed
	case len(failed) == 1:
		none.Cause, none.Err = FactoryFailed, failed[0]
	case len(failed) > 0:
		none.Cause, none.Err = FactoryFailed, factoryErrors(failed)
	case len(e.clients) > 0:
		none.Cause = FactoryPending
	default:
		return notFound(e.view, e.service)
	}
	return none
}

// notFound returns why a view has no instance to call.
func notFound(view *membership.View, service string) *NoEndpointsError {
	none := &NoEndpointsError{Service: service}
	snapshot := view.Snapshot()
	_, alone := snapshot.Member(view.Self())
	alone = len(snapshot.Members()) == 0 || alone && len(snapshot.Members()) == 1
	switch {
	case len(snapshot.Instances(service)) > 0:
		none.Cause = NoMatch
	case snapshot.Err() != nil, alone:
		none.Cause, none.Err = NotConnected, snapshot.Err()
	default:
		none.Cause = NotOffered
	}
	return none
}

// factoryErrors are those of several instances.
type factoryErrors []error

// Error returns each text once.
func (e factoryErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), "; ")
}

func (e factoryErrors) Unwrap() []error { return e }
