package grpcendpoint

import (
	"slices"
	"strings"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// picker asks the balancer, which knows the connections of the moment.
type picker struct {
	target *target
	prober *balancer.Prober[*connection]
}

func (p picker) Pick(info grpcbalancer.PickInfo) (grpcbalancer.PickResult, error) {
	picked, token, err := p.target.picks.PickFor(balancer.Choice[*connection]{Key: balancer.KeyOf(info.Ctx)})
	if err != nil {
		return grpcbalancer.PickResult{}, grpcbalancer.ErrNoSubConnAvailable // gRPC asks again once a connection is ready
	}
	p.prober.Poke()
	return grpcbalancer.PickResult{SubConn: picked.subConn, Done: func(done grpcbalancer.DoneInfo) {
		p.target.picks.Done(token, outcomeOf(done))
		p.target.learned(picked.instance, done)
	}}, nil
}

// outcomeOf is what a balancer should know of an RPC. A status that says something of the request, such as NotFound, is the
// answer of an instance that works. Where nothing was sent although nothing failed, gRPC lost the connection and picks again.
func outcomeOf(done grpcbalancer.DoneInfo) balancer.Outcome {
	switch status.Code(done.Err) {
	case codes.OK:
		if !done.BytesSent {
			return balancer.Canceled
		}
		return balancer.Success
	case codes.Canceled:
		return balancer.Canceled
	case codes.DeadlineExceeded, codes.Unavailable, codes.Unknown, codes.Internal, codes.ResourceExhausted, codes.DataLoss,
		codes.Unimplemented:
		return balancer.Failure
	default:
		return balancer.Success
	}
}

// learned tells the node behind the view what an RPC says of the process.
func (t *target) learned(instance membership.Instance, done grpcbalancer.DoneInfo) {
	switch evidence := evidenceOf(done); {
	case evidence == "", evidence == membership.Fine && !instance.Suspected:
	default:
		t.view.Report(instance, evidence)
	}
}

// evidenceOf tells what gRPC noticed from what an application said: that comes as bytes.
func evidenceOf(done grpcbalancer.DoneInfo) membership.Evidence {
	switch code := status.Code(done.Err); {
	case done.BytesReceived:
		return membership.Fine
	case code == codes.DeadlineExceeded:
		return membership.TimedOut
	case code == codes.Unavailable:
		return membership.Reset
	default:
		return ""
	}
}

func sortByKey(items []balancer.Item[*connection]) {
	slices.SortFunc(items, func(a, b balancer.Item[*connection]) int { return strings.Compare(a.Key, b.Key) })
}
