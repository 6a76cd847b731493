package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	kit "github.com/go-kit/kit/endpoint"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// plainLog writes lines without their time and duration, which differ from run to run.
var plainLog = zerolog.New(zerolog.ConsoleWriter{Out: printer{}, NoColor: true,
	PartsExclude: []string{"time"}, FieldsExclude: []string{"took", "stack"}})

// price is an endpoint of a service.
func price(_ context.Context, request any) (any, error) {
	switch request {
	case "tea":
		return 250, nil
	case "":
		panic("no request")
	default:
		return nil, endpoint.NewProblem(endpoint.ErrNotFound, "there is no %s", request)
	}
}

// The level of a line is that of the kind of error.
func ExampleLogging() {
	call := endpoint.Logging(plainLog, "price")(price)
	ctx := endpoint.WithRequestID(context.Background(), "7b44")
	call(ctx, "tea")
	call(ctx, "gold")
	// Output:
	// INF call succeeded endpoint=price request_id=7b44
	// INF call failed error="not found: there is no gold" endpoint=price kind="not found" request_id=7b44
}

// A panic is logged with its stack, and fails one call. Logging goes around it.
func ExampleRecover() {
	around := kit.Chain(endpoint.Logging(plainLog, "price"), endpoint.Recover(plainLog))
	_, err := around(price)(context.Background(), "")
	fmt.Println(errors.Is(err, endpoint.ErrInternal))
	// Output:
	// ERR endpoint panicked: the call fails as internal panic="no request" request_id=
	// ERR call failed error="internal: panic: no request" endpoint=price kind=internal
	// true
}

// A call may take a second. A call that cannot get the 50 ms that it needs is refused at once.
func ExampleDeadline() {
	call := endpoint.Deadline(time.Second, 50*time.Millisecond)(price)
	fmt.Println(call(context.Background(), "tea"))

	late, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	_, err := call(late, "tea")
	fmt.Println(err)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// 250 <nil>
	// context deadline exceeded: the call has 0s left and needs 50ms
	// true
}

// With Go kit the two functions are for kithttp.ClientBefore and kithttp.ServerBefore.
func ExampleReadDeadline() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	request := httptest.NewRequest(http.MethodGet, "/price", nil)
	endpoint.SetDeadline(ctx, request)

	read := endpoint.ReadDeadline(time.Minute) // no request may ask for more
	deadline, ok := read(context.Background(), request).Deadline()
	fmt.Println(ok, time.Until(deadline) <= time.Minute)
	// Output: true true
}

// A request keeps its ID on its way through several services. With Go kit the functions are for
// kithttp.ServerBefore and kithttp.ClientBefore.
func ExampleReadRequestID() {
	came := httptest.NewRequest(http.MethodPost, "/order", nil)
	came.Header.Set("X-Request-Id", "7b44")
	ctx := endpoint.ReadRequestID(context.Background(), came)
	fmt.Println(endpoint.RequestID(ctx))

	goes := httptest.NewRequest(http.MethodGet, "/price", nil)
	endpoint.SetRequestID(ctx, goes)
	fmt.Println(goes.Header.Get("X-Request-Id"))
	// Output:
	// 7b44
	// 7b44
}

// Count is for servers of any transport.
func ExampleCount() {
	var gauge membership.Gauge // gauge.InFlight is what cluster.Offer and ReportLoad of cluster.Node take
	call := endpoint.Count(&gauge)(func(context.Context, any) (any, error) { return gauge.InFlight(), nil })

	fmt.Println(call(context.Background(), nil))
	fmt.Println(gauge.InFlight())
	// Output:
	// 1 <nil>
	// 0
}
