package pricing

import (
	"context"

	kitjwt "github.com/go-kit/kit/auth/jwt"
	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/examples/shop/pricing/pb"
)

// Server returns a server of gRPC for service, with the health service of gRPC beside it. Deadlines
// travel in gRPC itself; the interceptor takes the request ID from the metadata and encodes errors.
func Server(service Service, g guard.Guard, options ...grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(append(options, grpc.ChainUnaryInterceptor(grpcendpoint.UnaryServerInterceptor))...)
	pb.RegisterPricingServer(server, &binding{quote: kitgrpc.NewServer(quoteEndpoint(service, g),
		decodeRequest, encodeReply, kitgrpc.ServerBefore(kitjwt.GRPCToContext()))})
	healthy := health.NewServer()
	healthy.SetServingStatus(pb.Pricing_ServiceDesc.ServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, healthy)
	return server
}

// binding adapts the methods of the contract to handlers of Go kit.
type binding struct {
	pb.UnimplementedPricingServer
	quote kitgrpc.Handler
}

func (b *binding) Quote(ctx context.Context, request *pb.QuoteRequest) (*pb.QuoteReply, error) {
	_, reply, err := b.quote.ServeGRPC(ctx, request)
	if err != nil {
		return nil, err
	}
	return reply.(*pb.QuoteReply), nil
}

func decodeRequest(_ context.Context, message any) (any, error) {
	var request quoteRequest
	for _, line := range message.(*pb.QuoteRequest).GetLines() {
		request.items = append(request.items, Item{SKU: line.GetSku(), Quantity: line.GetQuantity()})
	}
	return request, nil
}

func encodeReply(_ context.Context, response any) (any, error) {
	quote := response.(Quote)
	reply := &pb.QuoteReply{Currency: quote.Currency, TotalCents: quote.TotalCents}
	for _, cents := range quote.UnitCents {
		reply.Prices = append(reply.Prices, &pb.Price{UnitCents: cents})
	}
	return reply, nil
}

func encodeRequest(_ context.Context, request any) (any, error) {
	message := new(pb.QuoteRequest)
	for _, item := range request.(quoteRequest).items {
		message.Lines = append(message.Lines, &pb.Line{Sku: item.SKU, Quantity: item.Quantity})
	}
	return message, nil
}

func decodeReply(_ context.Context, message any) (any, error) {
	reply := message.(*pb.QuoteReply)
	quote := Quote{Currency: reply.GetCurrency(), TotalCents: reply.GetTotalCents()}
	for _, price := range reply.GetPrices() {
		quote.UnitCents = append(quote.UnitCents, price.GetUnitCents())
	}
	return quote, nil
}
