package dnsendpoint

import (
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
	MaxAnswers int              // the most records that answer a question; 0 = all that fit
	Logger     zerolog.Logger   // the zero value logs nothing

	once    sync.Once
	invalid error // of setup
	answers       // what setup prepares for respond
	carrier       // the sockets
}

const (
	defaultZone = "grapevine.internal."
	defaultTTL  = time.Second

	// lingerBeyondTTL is for answers that are under way when the TTL of the last one begins.
	lingerBeyondTTL = time.Second
)

// answers is what respond works with.
type answers struct{}

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
	s.once.Do(func() {})
	return s.invalid
}
