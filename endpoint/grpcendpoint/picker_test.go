package grpcendpoint

import (
	"errors"
	"testing"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

var begin, end = new(stats.Begin), new(stats.End)

func TestWhatAnRPCSays(t *testing.T) {
	for name, tt := range map[string]struct {
		code           codes.Code
		sent, received bool
		outcome        balancer.Outcome
		evidence       membership.Evidence
	}{
		"it went well":                 {codes.OK, true, true, balancer.Success, membership.Fine},
		"the connection was lost":      {codes.OK, false, false, balancer.Canceled, ""},
		"the caller gave up":           {codes.Canceled, true, false, balancer.Canceled, ""},
		"no answer in time":            {codes.DeadlineExceeded, true, false, balancer.Failure, membership.TimedOut},
		"a deadline of its own":        {codes.DeadlineExceeded, true, true, balancer.Failure, membership.Fine},
		"the connection was reset":     {codes.Unavailable, true, false, balancer.Failure, membership.Reset},
		"it says that it cannot":       {codes.Unavailable, true, true, balancer.Failure, membership.Fine},
		"it does not find it":          {codes.NotFound, true, true, balancer.Success, membership.Fine},
		"it panicked, and was caught":  {codes.Internal, true, true, balancer.Failure, membership.Fine},
		"the client refused the reply": {codes.Internal, true, false, balancer.Failure, ""},
	} {
		done := grpcbalancer.DoneInfo{Err: status.Error(tt.code, "on purpose"), BytesSent: tt.sent, BytesReceived: tt.received}
		if got := outcomeOf(done); got != tt.outcome {
			t.Errorf("%s: the outcome is %v, want %v", name, got, tt.outcome)
		}
		if got := evidenceOf(done); got != tt.evidence {
			t.Errorf("%s: the evidence is %q, want %q", name, got, tt.evidence)
		}
	}
}

func TestBalancerIsForItsOwnConnections(t *testing.T) {
	if err := new(viewBalancer).UpdateClientConnState(grpcbalancer.ClientConnState{}); !errors.Is(err, errNotOurs) {
		t.Errorf("the error is %v, want %v", err, errNotOurs)
	}
}
