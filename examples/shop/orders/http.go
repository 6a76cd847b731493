package orders

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	kithttp "github.com/go-kit/kit/transport/http"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/guard"
)

const mostBody = 64 << 10 // bytes

// Handler serves service over HTTP. It is healthy while check returns nil.
//
//	POST /orders         with Idempotency-Key, or without
//	GET  /orders/{id}
//	GET  /healthz
func Handler(service Service, g guard.Guard, check func(context.Context) error) http.Handler {
	options := guard.ServerOptions(within)
	mux := http.NewServeMux()
	mux.Handle("POST /orders", kithttp.NewServer(placeEndpoint(service, g), decodePlace, encodePlaced, options...))
	mux.Handle("GET /orders/{id}", kithttp.NewServer(orderEndpoint(service, g), decodeOrder,
		kithttp.EncodeJSONResponse, options...))
	mux.Handle("GET /healthz", guard.Health(check))
	return http.MaxBytesHandler(guard.OtherPaths(mux), mostBody)
}

// decodePlace leaves a body that is no order to the endpoint: it refuses such a request like any other
// that is invalid, so it is logged, counts for the limit, and needs a token first.
func decodePlace(_ context.Context, r *http.Request) (any, error) {
	request := placeRequest{key: r.Header.Get(keyHeader)}
	request.unread = readCart(r.Body, &request.cart)
	return request, nil
}

// readCart reads a body, and returns an endpoint.ErrInvalid if it is no Cart.
func readCart(body io.Reader, cart *Cart) error {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields() // a field that is misspelt must not be ignored in an order
	err := decoder.Decode(cart)
	if err == nil {
		if _, extra := decoder.Token(); extra != io.EOF {
			err = errors.New("more than one value")
		}
	}
	var large *http.MaxBytesError
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return large // a kind that package endpoint knows
	case errors.As(err, &mistyped): // its text names types of Go
		var fields guard.Fields
		fields.Add(cmp.Or(mistyped.Field, "the body"), "must not be a %s", mistyped.Value)
		return fields.Err()
	default:
		return endpoint.NewProblem(endpoint.ErrInvalid, "the body is no order: %.100v", err)
	}
}

func decodeOrder(_ context.Context, r *http.Request) (any, error) {
	return orderRequest{r.PathValue("id")}, nil
}

func encodePlaced(_ context.Context, w http.ResponseWriter, response any) error {
	order := response.(Order)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Location", "/orders/"+order.ID)
	w.WriteHeader(http.StatusCreated)
	return json.NewEncoder(w).Encode(order)
}
