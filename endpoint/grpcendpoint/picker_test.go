package grpcendpoint

import (
	"errors"
	"testing"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/stats"
)

var begin, end = new(stats.Begin), new(stats.End)

func TestBalancerIsForItsOwnConnections(t *testing.T) {
	if err := new(viewBalancer).UpdateClientConnState(grpcbalancer.ClientConnState{}); !errors.Is(err, errNotOurs) {
		t.Errorf("the error is %v, want %v", err, errNotOurs)
	}
}
