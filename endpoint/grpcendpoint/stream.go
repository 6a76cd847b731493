package grpcendpoint

import (
	"context"

	"google.golang.org/grpc"
)

// streamKey marks the context of an RPC that is a stream: a picker is not told.
type streamKey struct{}

func markStream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	streamer grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	return streamer(context.WithValue(ctx, streamKey{}, true), desc, conn, method, options...)
}

func isStream(ctx context.Context) bool { return ctx.Value(streamKey{}) != nil }
