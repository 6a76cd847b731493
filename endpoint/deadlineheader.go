package endpoint

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// DeadlineHeader is the header that carries the time that a caller has left for a call over HTTP,
// in the syntax of gRPC: up to 8 digits and a unit, "250m" for 250 ms. grpc-gateway reads the same
// header. gRPC itself has deadlines that travel.
const DeadlineHeader = "Grpc-Timeout"

// timeoutUnits are gRPC's, the finest first.
var timeoutUnits = []struct {
	letter byte
	unit   time.Duration
}{
	{'n', time.Nanosecond},
	{'u', time.Microsecond},
	{'m', time.Millisecond},
	{'S', time.Second},
	{'M', time.Minute},
	{'H', time.Hour},
}

const longestTimeout = 99_999_999 // in any unit: 8 digits

// SetDeadline tells the server how much time is left until the deadline of ctx. Without a deadline
// it sends none. It is for kithttp.ClientBefore.
func SetDeadline(ctx context.Context, request *http.Request) context.Context {
	deadline, ok := ctx.Deadline()
	if !ok {
		request.Header.Del(DeadlineHeader)
		return ctx
	}
	request.Header.Set(DeadlineHeader, formatTimeout(time.Until(deadline)))
	return ctx
}

// ReadDeadline returns a function for kithttp.ServerBefore that ends the context of a request when
// the caller's time is over. A request may ask for no more than longest, and has that much where it
// asks for nothing, or for what cannot be read. 0 for longest means no bound.
func ReadDeadline(longest time.Duration) func(context.Context, *http.Request) context.Context {
	return func(ctx context.Context, request *http.Request) context.Context {
		left, ok := parseTimeout(request.Header.Get(DeadlineHeader))
		switch {
		case longest <= 0 && !ok:
			return ctx
		case longest > 0 && (!ok || left > longest):
			left = longest
		}
		within, cancel := context.WithTimeout(ctx, left)
		context.AfterFunc(ctx, cancel) // net/http ends the context of each request
		return within
	}
}

func formatTimeout(left time.Duration) string {
	left = max(left, 0)
	for _, u := range timeoutUnits {
		if count := (left + u.unit - 1) / u.unit; count <= longestTimeout {
			return strconv.FormatInt(int64(count), 10) + string(u.letter)
		}
	}
	return strconv.Itoa(longestTimeout) + "H" // not reached: a Duration has 2,562,047 hours at most
}

func parseTimeout(text string) (left time.Duration, ok bool) {
	if len(text) < 2 || len(text) > 9 {
		return 0, false
	}
	count, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if err != nil {
		return 0, false
	}
	for _, u := range timeoutUnits {
		if u.letter == text[len(text)-1] {
			const longest = time.Duration(1<<63 - 1)
			if time.Duration(count) > longest/u.unit {
				return longest, true
			}
			return time.Duration(count) * u.unit, true
		}
	}
	return 0, false
}
