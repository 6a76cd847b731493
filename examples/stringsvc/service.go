package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/grapevine-go/grapevine/endpoint"
)

// stringService is the business logic; it knows nothing of transports.
type stringService struct{}

var errEmpty = errors.New("empty string")

func (stringService) Uppercase(s string) (string, error) {
	if s == "" {
		return "", errEmpty
	}
	return strings.ToUpper(s), nil
}

func (stringService) Count(s string) int { return len(s) }

type request struct {
	S string `json:"s"`
}

type uppercaseResponse struct {
	V   string `json:"v"`
	Err string `json:"err,omitempty"` // of the business, not of the call
}

type countResponse struct {
	V int `json:"v"`
}

func makeUppercase(service stringService) endpoint.Endpoint {
	return func(_ context.Context, r any) (any, error) {
		v, err := service.Uppercase(r.(request).S)
		if err != nil {
			return uppercaseResponse{Err: err.Error()}, nil
		}
		return uppercaseResponse{V: v}, nil
	}
}

func makeCount(service stringService) endpoint.Endpoint {
	return func(_ context.Context, r any) (any, error) { return countResponse{service.Count(r.(request).S)}, nil }
}

func decode(_ context.Context, r *http.Request) (any, error) {
	var decoded request
	err := json.NewDecoder(r.Body).Decode(&decoded)
	return decoded, err
}

// logging gives a middleware for each method.
func logging(logger log.Logger) func(method string) endpoint.Middleware {
	return func(method string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (any, error) {
				defer func(began time.Time) {
					level.Info(logger).Log("msg", "called", "method", method, "took", time.Since(began))
				}(time.Now())
				return next(ctx, request)
			}
		}
	}
}
