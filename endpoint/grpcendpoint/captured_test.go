package grpcendpoint

import (
	"sync"
	"time"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/connectivity"
)

// captured are the ends of all RPCs of this process, as gRPC tells the picker. It wraps the balancer
// for the tests: gRPC makes what a picker is told, and the tables are of what it makes.
var captured ends

func init() { grpcbalancer.Register(capturing{balancerBuilder{}}) }

type ends struct {
	mu  sync.Mutex
	all []rpcEnd
}

// take returns what came since it was called last.
func (e *ends) take() []rpcEnd {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

type capturing struct{ grpcbalancer.Builder }

func (c capturing) Build(cc grpcbalancer.ClientConn, options grpcbalancer.BuildOptions) grpcbalancer.Balancer {
	return c.Builder.Build(capturingConn{cc}, options)
}

type capturingConn struct{ grpcbalancer.ClientConn }

func (c capturingConn) UpdateState(state grpcbalancer.State) {
	if state.ConnectivityState == connectivity.Ready {
		state.Picker = capturingPicker{state.Picker}
	}
	c.ClientConn.UpdateState(state)
}

type capturingPicker struct{ grpcbalancer.Picker }

func (p capturingPicker) Pick(info grpcbalancer.PickInfo) (grpcbalancer.PickResult, error) {
	result, err := p.Picker.Pick(info)
	if err != nil {
		return result, err
	}
	done, stream, now := result.Done, isStream(info.Ctx), time.Now()
	result.Done = func(how grpcbalancer.DoneInfo) {
		captured.mu.Lock()
		captured.all = append(captured.all, endOf(how, stream, now, nil))
		captured.mu.Unlock()
		done(how)
	}
	return result, nil
}
