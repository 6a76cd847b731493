package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	metricPropagation = "propagation"       // to each of the others
	metricLast        = "propagation, last" // to the last of them

	propagationPatience = 2 * time.Minute // two periods of push/pull, which brings what gossip has lost
)

func benchPropagate(o options) ([]Row, error) {
	return trial{what: "propagate", systems: systems(sealed, unsealed, bare, serfs, etcds), measure: propagate}.bench(o)
}

// propagate registers services, each on a member drawn by lot, at moments that are in step with nobody's clock.
func propagate(o options, g *group, f *figures, _ bool) error {
	time.Sleep(o.calm)
	for i := range o.registrations {
		o.pause()
		took, err := g.register(g.members[rand.IntN(len(g.members))], fmt.Sprintf("service-%d", i))
		if err != nil {
			return err
		}
		f.add(metricPropagation, "ms", took...)
		f.add(metricLast, "ms", slices.Max(took))
	}
	return nil
}

// register gives the ms from the call until each of the others has it in its view.
func (g *group) register(at named, service string) (took []float64, err error) {
	register, err := at.member.(registrar).registration(service)
	if err != nil {
		return nil, err
	}
	others := g.others(at.name)
	spread := g.expect(news{member: at.name, service: service}, others)
	if err := register(); err != nil {
		return nil, err
	}
	durations, missing := spread.await(propagationPatience)
	if missing > 0 {
		return nil, fmt.Errorf("%s of %s did not reach %d of %d members within %v", service, at.name, missing, len(others), propagationPatience)
	}
	for _, d := range durations {
		took = append(took, milliseconds(d))
	}
	return took, nil
}

// How long a registration of ours may take, as a share of what theirs does.
const (
	mostOfMemberlist = 0.05
	mostOfEtcd       = 1
)

func propagateMarks(rows []Row) (marks []mark) {
	for _, n := range sizesOf(rows, metricPropagation) {
		marks = append(marks, tailRatio(rows, metricPropagation, n, sealed, bare, mostOfMemberlist))
	}
	for _, n := range sizesOf(rows, metricPropagation) {
		marks = append(marks, tailRatio(rows, metricPropagation, n, sealed, etcds, mostOfEtcd))
	}
	return marks
}
