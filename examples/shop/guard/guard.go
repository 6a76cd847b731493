// Package guard is the middleware that the three services share: in front of their endpoints, and
// around their calls of others.
package guard

import (
	"time"

	kit "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/ratelimit"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
)

// Guard is what stands in front of the endpoints of a process.
type Guard struct {
	Logger zerolog.Logger
	Keys   auth.Keys
	Limit  *rate.Limiter // of all requests of the process
}

// Endpoint returns the middleware of the endpoint name, the outermost first: each request is logged
// and must not crash the process; it needs time that is left, room below the limit, a token with
// the scope, and valid fields.
func (g Guard) Endpoint(name, scope string, within, needs time.Duration) endpoint.Middleware {
	return kit.Chain(
		endpoint.Logging(g.Logger, name),
		endpoint.Recover(g.Logger),
		endpoint.Deadline(within, needs),
		ratelimit.NewErroringLimiter(g.Limit),
		auth.Require(g.Keys, scope),
		Validate,
	)
}
