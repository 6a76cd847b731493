package main

import (
	"context"
	"errors"
	"time"

	orca "github.com/cncf/xds/go/xds/data/orca/v3"
	"github.com/go-kit/kit/endpoint"
	"github.com/go-kratos/kratos/v2/selector"
	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/metadata"

	"github.com/grapevine-go/grapevine/balancer"
)

// rival is a picker of ours or of a peer's, as it is published. It may live in a synctest bubble. pick and done may be
// called concurrently, also with update, unless its maker says otherwise; update and close not with each other.
type rival interface {
	// update replaces the set, and returns once calls are picked from the new one.
	update(backends []backend) error
	// pick is false if there is nothing to pick.
	pick(c call) (ticket, bool)
	// done is called once for each pick.
	done(t ticket, r result)
	// close ends it, once, after the last done.
	close()
}

// wired is a rival that knows whether connections are up.
type wired interface {
	// reset breaks the connection to a backend, and refuses others until restore.
	reset(id int)
	restore(id int)
}

// probed is a rival that takes the answers to probes.
type probed interface {
	next() (id int, ok bool)       // whom to ask; not ok if it does not go by the answers
	report(id int, inFlight int64) // that the backend serves, whoever sent them
	silent(id int)                 // it did not answer
}

// weighed is a rival that makes use of result.load.
type weighed interface{ takesLoad() }

// backend is one to pick. An id and a key belong together for good.
type backend struct {
	id      int
	key     string // an address
	weight  int    // 0 for that of all
	zone    string
	started time.Time // zero for long ago
}

// call is one that a backend is picked for. Make it with newCall.
type call struct {
	key string
	ctx context.Context
}

const keyHeader = "x-key" // of a call with a key, for grpc

// newCall makes a call with a key for rivals that go by it, or with none.
func newCall(key string) call {
	if key == "" {
		return call{ctx: context.Background()}
	}
	return call{key, metadata.NewOutgoingContext(context.Background(), metadata.Pairs(keyHeader, key))}
}

// ticket is what a pick gives: the backend, and what the rival itself wants back when the call is done.
type ticket struct {
	id     int
	ours   balancer.Token
	grpc   func(grpcbalancer.DoneInfo)
	kratos selector.DoneFunc
	counts *inFlight
}

// result is how a call has ended.
type result struct {
	outcome balancer.Outcome
	load    *orca.OrcaLoadReport // that came with the answer, for those that are weighed; nil for none
}

// newLoad is what a server of grpc says of itself: requests and errors a second, and its use of what it has, from 0 to 1.
func newLoad(rate, errorRate, utilization float64) *orca.OrcaLoadReport {
	return &orca.OrcaLoadReport{RpsFractional: rate, Eps: errorRate, ApplicationUtilization: utilization}
}

// setup is what a rival may be told when it is made.
type setup struct {
	seed uint64
	zone string // its own, to be preferred; "" for none
}

// maker makes a rival without backends.
type maker struct {
	name   string
	make   func(setup) (rival, error)
	keyed  bool // goes by the key of a call
	serial bool // may be used by one goroutine only
	most   int  // backends that it can be given within seconds; 0 for any number
}

// makers are all rivals, ours first. Tests add go-zero, see there.
var makers = append(append(ourMakers, p2cMaker), append(kitMakers, append(grpcMakers, kratosMaker)...)...)

var errUnknownRival = errors.New("no such rival")

func makerOf(name string) (maker, error) {
	for _, m := range makers {
		if m.name == name {
			return m, nil
		}
	}
	return maker{}, errUnknownRival
}

// numbered is an endpoint that answers with its number.
func numbered(id int) endpoint.Endpoint {
	var answer any = id // here, as it allocates
	return func(context.Context, any) (any, error) { return answer, nil }
}
