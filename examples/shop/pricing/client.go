package pricing

import (
	"context"

	kitjwt "github.com/go-kit/kit/auth/jwt"
	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/examples/shop/pricing/pb"
	"github.com/grapevine-go/grapevine/membership"
)

// Name is the name under which the service is found.
const Name = "pricing"

// serviceConfig has gRPC retry a quote that an instance could not serve, and no more than one in
// five over some time. An instance that is not healthy gets no calls. grpc-go does not hedge.
const serviceConfig = `{
	"healthCheckConfig": {"serviceName": "shop.pricing.v1.Pricing"},
	"methodConfig": [{
		"name": [{"service": "shop.pricing.v1.Pricing"}],
		"retryPolicy": {
			"maxAttempts": 3, "initialBackoff": "0.01s", "maxBackoff": "0.1s", "backoffMultiplier": 2,
			"retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]
		}
	}],
	"retryThrottling": {"maxTokens": 100, "tokenRatio": 0.2}
}`

// Client is the Service that the cluster offers. Make one with NewClient.
type Client struct {
	conn  *grpc.ClientConn
	quote endpoint.Endpoint
}

// NewClient returns a Client that follows the service in view until Close.
func NewClient(view *membership.View) (*Client, error) {
	conn, err := grpcendpoint.New(view, Name, balancer.LeastRequest(), grpcendpoint.Dial(
		grpc.WithTransportCredentials(insecure.NewCredentials()), // the example stays on loopback
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithChainUnaryInterceptor(grpcendpoint.UnaryClientInterceptor)))
	if err != nil {
		return nil, err
	}
	quote := kitgrpc.NewClient(conn, pb.Pricing_ServiceDesc.ServiceName, "Quote", encodeRequest, decodeReply,
		pb.QuoteReply{}, kitgrpc.ClientBefore(kitjwt.ContextToGRPC())).Endpoint()
	return &Client{conn: conn, quote: guard.Breaker(Name)(quote)}, nil
}

// Quote is that of Service.
func (c *Client) Quote(ctx context.Context, items []Item) (Quote, error) {
	response, err := c.quote(ctx, quoteRequest{items})
	if err != nil {
		return Quote{}, err
	}
	return response.(Quote), nil
}

// Close ends what NewClient began. It is safe to call twice.
func (c *Client) Close() { _ = c.conn.Close() } // an error only says that it is closed already
