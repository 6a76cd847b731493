package main

import (
	"errors"
	"fmt"
	"time"
)

const (
	metricSpared    = "crash, not called"    // until nobody calls it where another is left
	metricCrash     = "crash"                // from SIGKILL until the last living member has dropped it
	metricUndropped = "crash, not seen"      // living members that had not dropped it when it was given up
	metricRemoved   = "live members removed" // from any view

	crashPatience = time.Minute
	crashLook     = 15 * time.Second // what a death wrongly makes of others comes late

	mostCrash  = 250  // ms, where the kernel resets
	mostVanish = 3000 // ms, where the host is silent
)

// losses are shares of the datagrams.
var losses = []float64{0, 0.1, 0.3}

// benchCrash kills real processes, and has hosts vanish on virtual time.
func benchCrash(o options) ([]Row, error) {
	rows, err := benchKill(o)
	some, failed := benchVirtual(o, "TestVanishFigures")
	return append(rows, some...), errors.Join(err, failed)
}

func benchKill(o options) ([]Row, error) {
	return trial{what: "crash", systems: systems(sealed, unsealed, bare, serfs, etcds), outside: 1, measure: crash}.bench(o)
}

// crash lets processes join, one after another, and kills them.
func crash(o options, g *group, f *figures, _ bool) error {
	var dead []string
	for i := range o.crashes {
		dead = append(dead, fmt.Sprintf("victim-%d", i))
		if err := g.crash(o, f, dead); err != nil {
			return err
		}
	}
	return nil
}

// crash kills the last of dead. Those before it are dead already.
func (g *group) crash(o options, f *figures, dead []string) error {
	name := dead[len(dead)-1]
	victim, err := spawn(g.spec(name))
	if err != nil {
		return err
	}
	defer victim.kill()
	if err := g.await(len(g.members) + 1); err != nil {
		return err
	}
	time.Sleep(o.calm)
	o.pause()
	before := g.leaves(dead...)
	spreads := g.expectAll(g.others(name), death(name)...)
	victim.kill()
	took, missing := spreads[0].await(o.crashPatience)
	f.add(metricCrash, "ms", milliseconds(latest(took, missing, o.crashPatience)))
	f.add(metricUndropped, "count", float64(missing))
	f.add(metricSpared, "ms", milliseconds(soFar(spreads[1], o.crashPatience)))
	time.Sleep(time.Until(spreads[0].begun.Add(o.crashLook)))
	f.add(metricRemoved, "count", float64(g.leaves(dead...)-before))
	return nil
}

// death is what is to be learned: that a member is gone, or at least not to be called.
func death(name string) []news {
	return []news{{member: name, gone: true}, {member: name, spared: true}}
}

// soFar is latest of news that have had their time.
func soFar(s *spread, patience time.Duration) time.Duration {
	took, missing := s.await(0)
	return latest(took, missing, patience)
}

// latest is when the last one knew: patience, if some did not.
func latest(took []time.Duration, missing int, patience time.Duration) time.Duration {
	if missing > 0 {
		return patience
	}
	return took[len(took)-1]
}

func vanishScenario(loss float64) string { return fmt.Sprintf("host vanishes, %.0f %% loss", 100*loss) }

func crashMarks(rows []Row) (marks []mark) {
	sizes := sizesOf(rows, metricCrash)
	for _, system := range []string{sealed, unsealed} {
		for _, n := range sizes {
			marks = append(marks, limit(rows, system, metricCrash, "", n, mostCrash), limit(rows, system, metricRemoved, "", n, 0))
		}
	}
	for _, loss := range losses {
		for _, n := range sizes {
			marks = append(marks, limit(rows, sealed, metricCrash, vanishScenario(loss), n, mostVanish),
				limit(rows, sealed, metricSpared, vanishScenario(loss), n, mostVanish),
				limit(rows, sealed, metricRemoved, vanishScenario(loss), n, 0))
		}
	}
	return marks
}
