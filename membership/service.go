package membership

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Service is something that a process offers to the others under a name.
type Service struct {
	Name     string            // what callers ask for: [a-z0-9][a-z0-9._-]{0,62}
	Address  string            // host:port that callers dial; for Go kit, the instance string
	Version  string            // printable, "" when it does not matter
	Tags     []string          // printable
	Weight   int               // share of the calls relative to other instances; 0 means [DefaultWeight]
	Metadata map[string]string // printable keys and values
}

// DefaultWeight is the weight of a service that gives none; MaxWeight is the largest that is accepted.
const (
	DefaultWeight = 100
	MaxWeight     = 1_000_000
)

// Check reports the first field that cannot be used, as a [*FieldError].
func (s Service) Check() error {
	if err := CheckName("service name", s.Name); err != nil {
		return err
	}
	if err := CheckAddress(fmt.Sprintf("address of service %q", s.Name), s.Address); err != nil {
		return err
	}
	if s.Weight < 0 || s.Weight > MaxWeight {
		return unusable(fmt.Sprintf("weight of service %q", s.Name), strconv.Itoa(s.Weight),
			fmt.Sprintf("use 0 (meaning %d) to %d", DefaultWeight, MaxWeight))
	}
	if err := checkText(fmt.Sprintf("version of service %q", s.Name), s.Version); err != nil {
		return err
	}
	for _, tag := range s.Tags {
		if err := checkText(fmt.Sprintf("tag of service %q", s.Name), tag); err != nil {
			return err
		}
	}
	return checkMetadata(fmt.Sprintf("metadata of service %q", s.Name), s.Metadata)
}

func checkMetadata(field string, metadata map[string]string) error {
	for key, value := range metadata {
		if err := checkText(field+": key", key); err != nil {
			return err
		}
		if err := checkText(fmt.Sprintf("%s: value of %s", field, quote(key)), value); err != nil {
			return err
		}
	}
	return nil
}

// clone shares nothing with s, so that the caller of Register may go on using what it passed. Without tags or metadata
// the fields are nil, as they are after a trip over the wire.
func (s Service) clone() Service {
	s.Tags = slices.Clone(s.Tags)
	s.Metadata = maps.Clone(s.Metadata)
	if len(s.Tags) == 0 {
		s.Tags = nil
	}
	if len(s.Metadata) == 0 {
		s.Metadata = nil
	}
	if s.Weight == 0 {
		s.Weight = DefaultWeight
	}
	return s
}

// Registration is one service on offer, from the call that registered it until Deregister.
type Registration interface {
	// Update replaces what is known of the service; its name must stay. On an error nothing has changed.
	Update(Service) error
	// Deregister takes the service off the offer. It is safe to call twice.
	Deregister() error
}
