package guard

import (
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/gobreakerendpoint"
)

const (
	breakerTrips  = 5               // failures in a row that open it
	breakerPauses = 2 * time.Second // until it lets a call try again
)

// Breaker returns a circuit breaker for calls of name. Only an instance that fails or does not
// answer opens it: an answer such as "not found" does not count.
func Breaker(name string) endpoint.Middleware {
	return gobreakerendpoint.Middleware(gobreakerendpoint.New(gobreaker.Settings{
		Name:        name,
		Timeout:     breakerPauses,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= breakerTrips },
	}))
}
