package grpcendpoint

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"google.golang.org/grpc"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
)

// The ID of a request goes through a unary call and a stream, beside metadata of the caller's.
func TestRequestIDTravels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSpoken(t)
		c.ctx = metadata.AppendToOutgoingContext(endpoint.WithRequestID(c.ctx, "r-1"), "other", "kept")
		check := func(ctx context.Context) error {
			other := metadata.ValueFromIncomingContext(ctx, "other")
			if id := endpoint.RequestID(ctx); id != "r-1" || len(other) != 1 {
				t.Errorf("the server has ID %q, and other metadata %q", id, other)
			}
			return nil
		}
		if err := c.answering(check); err != nil {
			t.Error(err)
		}
		err := c.stream(func(stream testpb.TestService_FullDuplexCallServer) error {
			return check(stream.Context())
		}, receive)
		if err != io.EOF { // as it is, or loops that read a stream would not end
			t.Errorf("the stream ends with %v", err)
		}
	})
}

// A request without an ID, or with one that no log should have, gets a new one.
func TestRequestIDIsMade(t *testing.T) {
	for name, id := range map[string]string{"none": "", "with a space": "a b"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSpoken(t)
				if id != "" {
					c.ctx = metadata.AppendToOutgoingContext(c.ctx, "x-request-id", id)
				}
				if err := c.answering(func(ctx context.Context) error {
					if got := endpoint.RequestID(ctx); got == "" || got == id {
						t.Errorf("the server has ID %q", got)
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The kinds and the ID go through Go kit's server and client as well.
func TestKitOverGRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTested(t, grpc.ChainUnaryInterceptor(UnaryServerInterceptor))
		same := func(_ context.Context, message any) (any, error) { return message, nil }
		served := kitgrpc.NewServer(func(ctx context.Context, _ any) (any, error) {
			return nil, endpoint.NewProblem(endpoint.ErrNotFound, "no price for request %s", endpoint.RequestID(ctx))
		}, same, same)
		c.service.answer = func(ctx context.Context) error {
			_, _, err := served.ServeGRPC(ctx, nil)
			return err
		}
		conn := c.town.connect(t, balancer.RoundRobin(), Dial(grpc.WithChainUnaryInterceptor(UnaryClientInterceptor)))
		client := kitgrpc.NewClient(conn, "grpc.testing.TestService", "UnaryCall", same, same, testpb.SimpleResponse{})
		_, err := client.Endpoint()(endpoint.WithRequestID(c.ctx, "r-1"), &testpb.SimpleRequest{})
		if !errors.Is(err, endpoint.ErrNotFound) || err.Error() != "not found: no price for request r-1" {
			t.Errorf("the call returns %v", err)
		}
	})
}
