package grpcendpoint

import (
	"slices"
	"strings"
	"time"

	grpcbalancer "google.golang.org/grpc/balancer"

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
	stream, now := isStream(info.Ctx), time.Now()
	return grpcbalancer.PickResult{SubConn: picked.subConn, Done: func(done grpcbalancer.DoneInfo) {
		e := endOf(done, stream, now, p.target.failed)
		how := e.sort()
		p.target.picks.Done(token, how.outcome)
		p.target.learned(picked.instance, how.evidenceOf(e))
	}}, nil
}

// learned tells the node behind the view what an RPC says of the process.
func (t *target) learned(instance membership.Instance, evidence membership.Evidence) {
	switch {
	case evidence == "", evidence == membership.Fine && !instance.Suspected:
	default:
		t.view.Report(instance, evidence)
	}
}

func sortByKey(items []balancer.Item[*connection]) {
	slices.SortFunc(items, func(a, b balancer.Item[*connection]) int { return strings.Compare(a.Key, b.Key) })
}
