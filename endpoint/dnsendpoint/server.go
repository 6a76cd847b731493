package dnsendpoint

import (
	"cmp"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/rs/zerolog"
)

// Server answers DNS queries from a view. Only View is required. The fields must not change once
// the server serves; its methods may be called concurrently.
type Server struct {
	View       *membership.View // required
	Zone       string           // the zone that it answers for; default "grapevine.internal."
	TTL        time.Duration    // of every record, in whole seconds; default 1 s
	PreferZone string           // the network zone whose instances come first; "" = none
	MaxAnswers int              // the most instances in an answer; 0 = all that fit
	Logger     zerolog.Logger   // the zero value logs nothing

	once    sync.Once
	invalid error // of setup
	answers       // what setup prepares for respond
	carrier       // the sockets
}

const (
	defaultZone = "grapevine.internal."
	defaultTTL  = time.Second
	longestTTL  = 24 * time.Hour // an answer that lives longer is none of a view

	// lingerBeyondTTL is for answers that are under way when the TTL of the last one begins.
	lingerBeyondTTL = time.Second
)

// answers is what respond works with.
type answers struct {
	settings  settings
	serial    uint32 // of SOA, at the start
	latest    latest
	reachable reachable
	notices   notices
	responses pool

	known    func(service string) // the method values named and leftOut, made once
	unusable func(membership.Instance, string)
}

// Linger returns for how long clients may use what they were told last: the TTL and one second.
func (s *Server) Linger() time.Duration { return s.ttl() + lingerBeyondTTL }

func (s *Server) ttl() time.Duration {
	if s.TTL == 0 {
		return defaultTTL
	}
	return s.TTL
}

// setup checks the fields and prepares the server, once. Serve and ServeTCP call it first.
func (s *Server) setup() error {
	s.once.Do(func() { s.invalid = s.prepare() })
	return s.invalid
}

func (s *Server) prepare() error {
	if s.View == nil {
		return &membership.FieldError{Field: "DNS view", Value: "nil", Setting: "Server.View",
			Remedy: "use the View of a cluster.Node"}
	}
	zone, err := newZone(cmp.Or(s.Zone, defaultZone))
	if err != nil {
		return err
	}
	if s.PreferZone != "" {
		if err := membership.CheckName("preferred zone", s.PreferZone); err != nil {
			var wrong *membership.FieldError
			if errors.As(err, &wrong) {
				wrong.Setting = "Server.PreferZone"
			}
			return err
		}
	}
	if ttl := s.ttl(); ttl < time.Second || ttl > longestTTL || ttl%time.Second != 0 {
		return &membership.FieldError{Field: "DNS TTL", Value: s.TTL.String(), Setting: "Server.TTL",
			Remedy: "use whole seconds, from 1s to 24h"}
	}
	if s.MaxAnswers < 0 {
		return &membership.FieldError{Field: "most DNS answers", Value: strconv.Itoa(s.MaxAnswers),
			Setting: "Server.MaxAnswers", Remedy: "use 0, for all that fit, or more"}
	}
	s.settings = settings{zone: zone, ttl: uint32(s.ttl() / time.Second), prefer: s.PreferZone, most: s.MaxAnswers}
	s.serial = serialBase(time.Now())
	s.known, s.unusable = s.named, s.leftOut
	s.responses = newPool(newResponse)
	return nil
}
