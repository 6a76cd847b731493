package grpcendpoint

import (
	"context"

	"google.golang.org/grpc/stats"

	"github.com/grapevine-go/grapevine/membership"
)

// Count returns a handler for grpc.StatsHandler that counts the RPCs that a server is serving, for its
// service to report as its load.
func Count(gauge *membership.Gauge) stats.Handler { return counter{gauge} }

type counter struct{ gauge *membership.Gauge }

func (c counter) HandleRPC(_ context.Context, event stats.RPCStats) {
	switch event.(type) {
	case *stats.Begin:
		c.gauge.Begin()
	case *stats.End:
		c.gauge.Done()
	}
}

func (counter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (counter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (counter) HandleConn(context.Context, stats.ConnStats)                       {}
