package orders

import (
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
	mux.HandleFunc("/", guard.NotFound)
	return http.MaxBytesHandler(mux, mostBody)
}

func decodePlace(_ context.Context, r *http.Request) (any, error) {
	request := placeRequest{key: r.Header.Get(keyHeader)}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields() // a field that is misspelt must not be ignored in an order
	err := decoder.Decode(&request.cart)
	if err == nil {
		if _, extra := decoder.Token(); extra != io.EOF {
			err = errors.New("more than one value")
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		problem := endpoint.NewProblem(endpoint.ErrInvalid, "the body is larger than %d bytes", large.Limit)
		problem.Status = http.StatusRequestEntityTooLarge
		return nil, problem
	case err != nil:
		return nil, endpoint.NewProblem(endpoint.ErrInvalid, "the body is no order: %v", err)
	}
	return request, nil
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
