package main

import (
	"time"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

// The contenders that something was promised of.
const (
	probingOurs = "LeastRequest+probes"
	plainOurs   = "LeastRequest"
	plainP2C    = "p2c"
	peakEWMA    = "PeakEWMA"
	grpcWRR     = "grpc weighted_round_robin"
	kratosP2C   = "kratos p2c"
)

// contenderNames are ours, then the peers.
var contenderNames = []string{probingOurs, plainOurs, peakEWMA, plainP2C, "go-kit RoundRobin", "grpc round_robin", "grpc least_request", grpcWRR, kratosP2C, "go-zero p2c"}

// weighedWarmUp is for rivals that go by what servers report: weighted_round_robin does not before 10 s have passed.
const weighedWarmUp = 12 * time.Second

func contenderOf(name string) (sim.Contender, error) {
	c := sim.Contender{Name: name}
	if name == probingOurs || name == plainOurs {
		c.New = func(w *sim.World, about sim.Client) (sim.Caller, error) {
			return newTailCaller(ourContender(name, about), about), nil
		}
		return c, nil
	}
	m, err := makerOf(name)
	if err != nil {
		return c, err
	}
	if name == grpcWRR {
		c.WarmUp = weighedWarmUp
	}
	c.New = func(_ *sim.World, about sim.Client) (sim.Caller, error) {
		r, err := m.make(setup{seed: uint64(about.Number)})
		if err != nil {
			return nil, err
		}
		return newTailCaller(r, about), nil
	}
	return c, nil
}

func ourContender(name string, about sim.Client) rival {
	ours := newTailOurs(about.Zone)
	if name == plainOurs {
		return ours
	}
	return newProber(ours, about.Ask)
}
