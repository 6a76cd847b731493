package endpoint

import (
	kit "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
)

// Go kit's own types, under one import.
type (
	Endpoint   = kit.Endpoint
	Middleware = kit.Middleware
	Factory    = sd.Factory
)

// ErrNoEndpoints is Go kit's: there is no instance to call.
var ErrNoEndpoints = lb.ErrNoEndpoints
