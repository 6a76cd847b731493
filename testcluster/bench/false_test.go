package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

const (
	starvedShare = 10 // one member of so many
	lessOfOthers = 10 // times as short: an hour takes minutes
	mostStarved  = 4 * time.Second
	leastFed     = time.Second // between two pauses, which are not to be one
	mostFed      = 10 * time.Second
)

// TestFalseFigures prints the rows of -what false.
func TestFalseFigures(t *testing.T) {
	for _, n := range askedSizes(t) {
		printRows(t, falseFigures(t, virtualSystems[0], n, *virtualSpan, *virtualRuns))
		printRows(t, falseFigures(t, virtualSystems[1], n, *virtualSpan/lessOfOthers, *virtualRuns))
	}
}

// falseFigures measures one system, each run on a network of another seed.
func falseFigures(t *testing.T, s virtualSystem, n int, span time.Duration, runs int) []Row {
	f := newFigures("false", system{name: s.name}, n)
	for _, trouble := range troubles {
		for seed := range uint64(runs) {
			t.Run(fmt.Sprintf("%s/n=%d/%s/%d", s.name, n, trouble.scenario, seed+1), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := s.start(t, n, seed+1)
					if _, full := c.settles(joinPatience); !full {
						t.Fatal("it did not come together")
					}
					before := c.losses()
					c.network.SetNormal(virtualLoss(trouble.loss))
					starved := 0
					if trouble.starved {
						starved = max(1, n/starvedShare)
					}
					starve(c.hosts[n-starved:], seed+1, span)
					removed := c.losses()
					f.addIn(trouble.scenario, metricRemoved, "count", added(removed[:n-starved], before))
					f.addIn(trouble.scenario, metricLived, "s", span.Seconds())
					if trouble.starved {
						f.addIn(starvedOwn, metricRemoved, "count", added(removed[n-starved:], before[n-starved:]))
					}
				})
			})
		}
	}
	return f.rows()
}

// starve stops hosts for up to mostStarved at a time, each by its own clock, until span is over.
func starve(hosts []*testcluster.Host, seed uint64, span time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), span)
	defer cancel()
	var work sync.WaitGroup
	for i, host := range hosts {
		chance := rand.New(rand.NewPCG(seed, uint64(i)))
		work.Go(func() {
			defer host.Resume()
			for wait(ctx, leastFed+time.Duration(chance.Int64N(int64(mostFed-leastFed)))) {
				host.Pause()
				wait(ctx, time.Duration(chance.Int64N(int64(mostStarved))))
				host.Resume()
			}
		})
	}
	<-ctx.Done()
	work.Wait()
}

// wait says whether it came to its end.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// losses gives how many left each view so far.
func (c virtualCluster) losses() (counts []int) {
	for _, lost := range c.lost {
		counts = append(counts, lost.leaves())
	}
	return counts
}

// added is what counts have grown by.
func added(counts, before []int) (sum float64) {
	for i := range counts {
		sum += float64(counts[i] - before[i])
	}
	return sum
}
