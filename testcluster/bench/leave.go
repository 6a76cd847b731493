package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	metricLeave   = "leave"           // from the call until the last of the others has dropped it
	metricCall    = "leave, call"     // until the call returns
	metricUnheard = "leave, not seen" // members that had not dropped it when it was given up
)

func benchLeave(o options) ([]Row, error) {
	return trial{what: "leave", systems: systems(sealed, unsealed, bare, serfs, etcds), measure: leave}.bench(o)
}

// leave has members say goodbye, each drawn by lot. Another takes its place.
func leave(o options, g *group, f *figures, _ bool) error {
	time.Sleep(o.calm)
	for i := range o.goodbyes {
		o.pause()
		if err := g.leave(o, f, rand.IntN(len(g.members))); err != nil {
			return err
		}
		if err := g.add(fmt.Sprintf("newcomer-%d", i)); err != nil {
			return err
		}
		if err := g.await(f.n); err != nil {
			return err
		}
	}
	return nil
}

func (g *group) leave(o options, f *figures, i int) error {
	old := g.members[i]
	g.members = slices.Delete(g.members, i, i+1)
	spread := g.expect(news{member: old.name, gone: true}, g.others(old.name))
	if err := old.member.(leaver).leave(); err != nil {
		old.close()
		return fmt.Errorf("%s: leave: %w", old.name, err)
	}
	f.add(metricCall, "ms", milliseconds(time.Since(spread.begun)))
	took, missing := spread.await(o.crashPatience)
	f.add(metricLeave, "ms", milliseconds(latest(took, missing, o.crashPatience)))
	f.add(metricUnheard, "count", float64(missing))
	return old.close()
}
