package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	kithttp "github.com/go-kit/kit/transport/http"

	"github.com/grapevine-go/grapevine/endpoint"
)

// What a Problem says is for the caller. Its cause is for the log.
func ExampleNewProblem() {
	err := fmt.Errorf("get order: %w", endpoint.NewProblem(endpoint.ErrNotFound, "order %d is not known", 7))
	fmt.Println(err)
	fmt.Println(errors.Is(err, endpoint.ErrNotFound))

	err = &endpoint.Problem{Kind: endpoint.ErrUnavailable, Detail: "the store is busy",
		Err: errors.New("database is locked")}
	fmt.Println(err)
	// Output:
	// get order: not found: order 7 is not known
	// true
	// unavailable: the store is busy: database is locked
}

// A service has kinds of its own where its code must tell them apart. Callers get the kind that they
// wrap, and the type.
func ExampleProblem() {
	errSoldOut := fmt.Errorf("sold out: %w", endpoint.ErrConflict)
	var err error = &endpoint.Problem{Kind: errSoldOut, Type: "urn:shop:sold-out", Detail: "no tea is left"}
	fmt.Println(errors.Is(err, errSoldOut), errors.Is(err, endpoint.ErrConflict))

	recorder := httptest.NewRecorder()
	endpoint.EncodeProblem(context.Background(), err, recorder)
	fmt.Print(recorder.Code, " ", recorder.Body)
	// Output:
	// true true
	// 409 {"type":"urn:shop:sold-out","title":"Conflict","status":409,"detail":"no tea is left"}
}

func ExampleEncodeProblem() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		endpoint.EncodeProblem(r.Context(), &endpoint.Problem{
			Kind:   endpoint.ErrInvalid,
			Fields: []endpoint.FieldProblem{{Field: "quantity", Detail: "must be at least 1"}},
		}, w)
	})
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/order", nil))
	fmt.Println(recorder.Header().Get("Content-Type"))
	fmt.Print(recorder.Code, " ", recorder.Body)

	recorder = httptest.NewRecorder() // what is not meant for the caller is not sent
	endpoint.EncodeProblem(context.Background(), errors.New("connect to 10.0.0.7:5432: refused"), recorder)
	fmt.Print(recorder.Code, " ", recorder.Body)
	// Output:
	// application/problem+json
	// 400 {"title":"Bad Request","status":400,"errors":[{"field":"quantity","detail":"must be at least 1"}]}
	// 500 {"title":"Internal Server Error","status":500}
}

// Without Go kit the caller asks for the error of a response.
func ExampleDecodeProblem() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	err = endpoint.DecodeProblem(response)
	fmt.Println(errors.Is(err, endpoint.ErrNotFound))
	fmt.Println(err)
	// Output:
	// true
	// not found: 404 page not found
}

// A server and a client of Go kit that share one set of errors.
func ExampleDecodeResponse() {
	server := httptest.NewServer(kithttp.NewServer(price,
		func(_ context.Context, r *http.Request) (any, error) { return r.URL.Query().Get("of"), nil },
		kithttp.EncodeJSONResponse,
		kithttp.ServerErrorEncoder(endpoint.EncodeProblem)))
	defer server.Close()

	target, _ := url.Parse(server.URL + "/price?of=gold")
	decode := func(_ context.Context, response *http.Response) (price any, err error) {
		return price, json.NewDecoder(response.Body).Decode(&price)
	}
	client := kithttp.NewClient(http.MethodGet, target, kithttp.EncodeJSONRequest, endpoint.DecodeResponse(decode))

	_, err := client.Endpoint()(context.Background(), nil)
	fmt.Println(errors.Is(err, endpoint.ErrNotFound))
	fmt.Println(err)
	// Output:
	// true
	// not found: there is no gold
}

// A server decides by the kind of an error.
func ExampleKindOf() {
	for _, err := range []error{
		endpoint.NewProblem(endpoint.ErrConflict, "the order is shipped"),
		fmt.Errorf("price of tea: %w", endpoint.ErrNoEndpoints),
		fmt.Errorf("price of tea: %w", context.DeadlineExceeded),
		errors.New("disk full"),
	} {
		fmt.Println(endpoint.KindOf(err))
	}
	// Output:
	// conflict
	// unavailable
	// context deadline exceeded
	// internal
}

// An encoder for another transport sends what the caller may know, and no more.
func ExampleProblemOf() {
	sold := endpoint.NewProblem(endpoint.ErrConflict, "no tea is left")
	for _, err := range []error{fmt.Errorf("row 7: %w", sold), errors.New("disk full")} {
		problem := endpoint.ProblemOf(err)
		fmt.Printf("%v %q\n", endpoint.KindOf(problem), problem.Detail)
	}
	// Output:
	// conflict "no tea is left"
	// internal ""
}
