package membership

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Boot identifies one life of a process: a restart under the same name is a new boot.
type Boot struct {
	Number uint64 // a newer boot of a name raises it above every number that its peers remember
	ID     uint64 // random, unique to this life
}

// NumberLimit is above every boot number and every version: [DecodeRecord] and [CutHead] refuse what is not below it, so that
// a liar cannot bring a member to where its numbers would wrap.
const NumberLimit = 1 << 62

// Compare orders the boots of one name, oldest first. The ID decides only between boots that never heard of each other.
func (b Boot) Compare(other Boot) int {
	return cmp.Or(cmp.Compare(b.Number, other.Number), cmp.Compare(b.ID, other.ID))
}

// String gives the number and the ID, "2-00c0ffee00c0ffee".
func (b Boot) String() string { return fmt.Sprintf("%d-%016x", b.Number, b.ID) }

// State is what a member says of itself.
type State uint8

// The states of a member, in the order in which it passes through them.
const (
	Active   State = iota // takes calls
	Draining              // finishes what it has; takes a call only when nobody else is left
	Left                  // said goodbye
)

// String gives "active", "draining" or "left".
func (s State) String() string {
	switch s {
	case Active:
		return "active"
	case Draining:
		return "draining"
	case Left:
		return "left"
	default:
		return fmt.Sprintf("State(%d)", uint8(s))
	}
}

// MarshalText returns the text of String, so that a state is text in JSON. An unknown state is a [*FieldError].
func (s State) MarshalText() ([]byte, error) {
	if s > Left {
		return nil, unknownState(s.String())
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads the text of MarshalText. Other text is a [*FieldError], and the state stays as it was.
func (s *State) UnmarshalText(text []byte) error {
	for state := Active; state <= Left; state++ {
		if state.String() == string(text) {
			*s = state
			return nil
		}
	}
	return unknownState(string(text))
}

func unknownState(value string) error {
	return &FieldError{Field: "member state", Value: value, Remedy: "use active, draining or left"}
}

// Record is everything that a member says about itself. Its owner alone writes it; of two records of one name the one
// with the newer boot counts, and of one boot the one with the higher version, whatever the order of arrival. Of one
// version the one that came in the newest wire form counts: it says most.
type Record struct {
	Name     string
	Boot     Boot
	Version  uint64 // raised by the owner with every change
	State    State
	Zone     string // "" when unknown
	Services []Service
	Metadata map[string]string

	// Started is when this boot began, in milliseconds, by its owner's own clock, which may be wrong: nothing is ordered
	// by it. The zero time when unknown.
	Started time.Time

	// Registered is when each service was registered, by name: in milliseconds and by the owner's clock, as Started.
	// A service without an entry is as old as the boot, as far as is known.
	Registered map[string]time.Time

	later []field // of releases after this one, in ascending order, to be passed on as they came
	lag   byte    // by how many wire versions the form that it was read from is behind WireVersion
}

// form is the newest wire version that holds what is known of r.
func (r Record) form() byte { return WireVersion - r.lag }

// Whole reports whether the record is known, and not only its head.
func (r Record) Whole() bool { return r.form() > 0 }

// Newer reports whether r replaces old, a record of the same name.
func (r Record) Newer(old Record) bool {
	return cmp.Or(r.Boot.Compare(old.Boot), cmp.Compare(r.Version, old.Version), cmp.Compare(r.form(), old.form())) > 0
}

// Check reports the first thing that keeps r from being sent, as a [*FieldError].
func (r Record) Check() error {
	if err := CheckName("member name", r.Name); err != nil {
		return err
	}
	if r.State > Left {
		return unusable("member state", r.State.String(), "use Active, Draining or Left")
	}
	if r.Zone != "" {
		if err := CheckName("zone", r.Zone); err != nil {
			return err
		}
	}
	if err := checkMetadata("member metadata", r.Metadata); err != nil {
		return err
	}
	if millis := toMillis(r.Started); millis > latestStart {
		return unusable("start of member", r.Started.String(), "use a time before the year 10000")
	}
	names := make(map[string]bool, len(r.Services))
	for _, service := range r.Services {
		if err := service.Check(); err != nil {
			return err
		}
		if started := r.Registered[service.Name]; toMillis(started) > latestStart {
			return &FieldError{Field: fmt.Sprintf("start of service %q", service.Name), Value: started.String(),
				Remedy: "use a time before the year 10000"}
		}
		if names[service.Name] {
			return unusable("service name", service.Name,
				"it is registered already: update that registration, or use another name")
		}
		names[service.Name] = true
	}
	if size := r.size(); size > MaxRecord {
		return unusable("record of member", r.Name,
			fmt.Sprintf("its services and metadata take %d bytes; keep them within %d", size, MaxRecord))
	}
	return nil
}

// checkNumbers refuses those that no member can reach by itself.
func checkNumbers(boot, version uint64) error {
	if boot >= NumberLimit {
		return unusable("boot number", strconv.FormatUint(boot, 10), "use one below 2^62")
	}
	if version >= NumberLimit {
		return unusable("record version", strconv.FormatUint(version, 10), "use one below 2^62")
	}
	return nil
}

// Clone returns a copy that shares nothing with r, its weights spelled out and its times as the wire carries them.
// Registered has no entries without a service.
func (r Record) Clone() Record {
	r.Started = fromMillis(toMillis(r.Started))
	r.later = slices.Clone(r.later)
	r.Metadata = maps.Clone(r.Metadata)
	if len(r.Metadata) == 0 {
		r.Metadata = nil
	}
	r.Registered = r.registered(r.starts())
	r.Services = slices.Clone(r.Services)
	for i, service := range r.Services {
		r.Services[i] = service.clone()
	}
	if len(r.Services) == 0 {
		r.Services = nil
	}
	return r
}
