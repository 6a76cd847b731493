package auth

import (
	"context"

	kitjwt "github.com/go-kit/kit/auth/jwt"
	"github.com/golang-jwt/jwt/v4"

	"github.com/grapevine-go/grapevine/endpoint"
)

// Require lets only requests pass whose token is signed by one of keys, is valid now and allows
// scope. Other requests fail with endpoint.ErrUnauthorized, or with endpoint.ErrForbidden where only
// the scope is missing. Go kit's HTTPToContext and GRPCToContext put the token into the context.
func Require(keys Keys, scope string) endpoint.Middleware {
	parse := kitjwt.NewParser(keys.find, jwt.SigningMethodEdDSA, func() jwt.Claims { return new(Claims) })(
		func(ctx context.Context, _ any) (any, error) { return ctx, nil })
	return func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			parsed, err := parse(ctx, nil)
			if err != nil {
				problem := endpoint.NewProblem(endpoint.ErrUnauthorized, "a valid token is needed")
				problem.Err = err // for the log
				return nil, problem
			}
			ctx = parsed.(context.Context)
			if !claims(ctx).allows(scope) {
				return nil, endpoint.NewProblem(endpoint.ErrForbidden, "the token lacks the scope %q", scope)
			}
			return next(ctx, request)
		}
	}
}

// Subject returns the customer whose token Require has checked.
func Subject(ctx context.Context) string { return claims(ctx).Subject }

func claims(ctx context.Context) *Claims {
	if c, ok := ctx.Value(kitjwt.JWTClaimsContextKey).(*Claims); ok {
		return c
	}
	return new(Claims)
}

// WithToken returns a context whose calls carry token. Go kit's ContextToHTTP and ContextToGRPC
// send it. A service that calls another one passes on the token that it was called with.
func WithToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, kitjwt.JWTContextKey, token)
}
