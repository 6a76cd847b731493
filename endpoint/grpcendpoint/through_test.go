package grpcendpoint

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	kitgrpc "github.com/go-kit/kit/transport/grpc"
	kithttp "github.com/go-kit/kit/transport/http"
	"google.golang.org/grpc"
	testpb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// A caller asks a service over HTTP, which asks another one over gRPC: kind and detail come back, the
// ID and the deadline go through.
func TestThroughTwoServices(t *testing.T) {
	town := newTown(t)
	town.serving = []grpc.ServerOption{grpc.ChainUnaryInterceptor(UnaryServerInterceptor)}
	var id string
	var deadline time.Time
	pricing := &testService{answer: func(ctx context.Context) error {
		id = endpoint.RequestID(ctx)
		deadline, _ = ctx.Deadline()
		return &endpoint.Problem{Kind: endpoint.ErrConflict, Detail: "no price of gold", Type: "urn:no-price"}
	}}
	town.register = func(s *grpc.Server) { testpb.RegisterTestServiceServer(s, pricing) }
	town.join("a", membership.Service{})
	conn := town.connect(t, balancer.RoundRobin(), Dial(grpc.WithChainUnaryInterceptor(UnaryClientInterceptor)))
	toMessage := func(context.Context, any) (any, error) { return new(testpb.SimpleRequest), nil }
	price := kitgrpc.NewClient(conn, "grpc.testing.TestService", "UnaryCall",
		toMessage, toMessage, testpb.SimpleResponse{})

	orders := httptest.NewServer(kithttp.NewServer(price.Endpoint(), kithttp.NopRequestDecoder, kithttp.EncodeJSONResponse,
		kithttp.ServerBefore(endpoint.ReadRequestID, endpoint.ReadDeadline(time.Hour)),
		kithttp.ServerErrorEncoder(endpoint.EncodeProblem)))
	defer orders.Close()
	target, _ := url.Parse(orders.URL)
	order := kithttp.NewClient(http.MethodGet, target, kithttp.EncodeJSONRequest,
		endpoint.DecodeResponse(func(context.Context, *http.Response) (any, error) { return nil, nil }),
		kithttp.SetClient(orders.Client()), kithttp.ClientBefore(endpoint.SetRequestID, endpoint.SetDeadline))

	ctx, cancel := context.WithTimeout(endpoint.WithRequestID(t.Context(), "7b44"), 10*time.Minute)
	defer cancel()
	_, err := order.Endpoint()(ctx, nil)
	var problem *endpoint.Problem
	if !errors.As(err, &problem) || !errors.Is(err, endpoint.ErrConflict) || problem.Detail != "no price of gold" ||
		problem.Type != "urn:no-price" || problem.Status != http.StatusConflict {
		t.Errorf("the caller gets %#v", err)
	}
	if id != "7b44" {
		t.Errorf("the last service has ID %q", id)
	}
	asked, _ := ctx.Deadline()
	if early, late := asked.Add(-time.Minute), asked.Add(time.Minute); deadline.Before(early) || deadline.After(late) {
		t.Errorf("the last service has until %v, and the caller asked for %v", deadline, asked)
	}
}
