package pricing

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/endpoint/grpcendpoint"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/auth/authtest"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
	"github.com/grapevine-go/grapevine/examples/shop/pricing/pb"
)

// dial returns a client of a server within the test.
func dial(t *testing.T, g guard.Guard) pb.PricingClient {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := Server(New(Cents), g)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:pricing", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return pb.NewPricingClient(conn)
}

func TestServer(t *testing.T) {
	issuer := authtest.New(t)
	token := "Bearer " + issuer.Token(auth.ReadPrices)
	line := func(sku string, quantity int64) []*pb.Line { return []*pb.Line{{Sku: sku, Quantity: quantity}} }
	many := make([]*pb.Line, mostItems+1)
	for i := range many {
		many[i] = line("TEA-1", 1)[0]
	}
	for name, tt := range map[string]struct {
		lines []*pb.Line
		token string
		limit int // calls
		code  codes.Code
		field string // at fault
	}{
		"a price":           {line("TEA-1", 1), token, 1, codes.OK, ""},
		"no price":          {line("CUP-2", 1), token, 1, codes.NotFound, ""},
		"no lines":          {nil, token, 1, codes.InvalidArgument, "lines"},
		"too many lines":    {many, token, 1, codes.InvalidArgument, "lines"},
		"no article number": {line("tea", 1), token, 1, codes.InvalidArgument, "lines[0].sku"},
		"no quantity":       {line("TEA-1", 0), token, 1, codes.InvalidArgument, "lines[0].quantity"},
		"no token":          {line("TEA-1", 1), "", 1, codes.Unauthenticated, ""},
		"another scope":     {line("TEA-1", 1), "Bearer " + issuer.Token(auth.ReadOrders), 1, codes.PermissionDenied, ""},
		"above the limit":   {line("TEA-1", 1), token, 0, codes.ResourceExhausted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := dial(t, guard.Guard{Logger: zerolog.Nop(), Keys: issuer.Keys, Limit: rate.NewLimiter(0, tt.limit)})
			ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", tt.token)
			_, err := client.Quote(ctx, &pb.QuoteRequest{Lines: tt.lines})
			if status.Code(err) != tt.code {
				t.Fatalf("error %v, want %v", err, tt.code)
			}
			var problem *endpoint.Problem
			if tt.field == "" || errors.As(grpcendpoint.DecodeError(err), &problem) &&
				len(problem.Fields) == 1 && problem.Fields[0].Field == tt.field {
				return
			}
			t.Errorf("error %v, want the field %s", err, tt.field)
		})
	}
}

func TestDiscounts(t *testing.T) {
	for quantity, want := range map[int64]int64{1: 690, 9: 690, 10: 656, 99: 656, 100: 587} {
		quote, err := New(Cents).Quote(t.Context(), []Item{{"TEA-1", quantity}, {"POT-1", 1}})
		if err != nil {
			t.Fatal(err)
		}
		if quote.UnitCents[0] != want || quote.TotalCents != want*quantity+3900 {
			t.Errorf("%d pieces: %+v, want %d each", quantity, quote, want)
		}
	}
}
