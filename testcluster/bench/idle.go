package main

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"time"
)

const (
	shortSettle  = 10 * time.Second // with -idle
	countsOfIdle = 20               // how often goroutines and connections are counted
)

// benchIdle measures it once, as periods of push/pull take long.
func benchIdle(o options) ([]Row, error) {
	o.runs = 1
	t := trial{what: "idle", systems: systems(sealed, blind, unsealed, bare, serfs, etcds), weighed: true, measure: func(o options, g *group, f *figures, _ bool) error {
		g.idle(o, f)
		return nil
	}}
	if err := t.warmUp(); err != nil {
		return nil, err
	}
	return t.bench(o)
}

// warmUp makes what stays on the heap for good after the first cluster of a system.
func (t trial) warmUp() error {
	for _, s := range t.systems {
		g, err := startGroup(s, leastMembers)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := g.close(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// idle leaves the cluster alone and measures what it costs to have it.
func (g *group) idle(o options, f *figures) {
	period := pushPullPeriod(len(g.members))
	time.Sleep(cmp.Or(o.settle, period))
	settling := g.sent()
	begun := time.Now()
	counts, open := g.look(cmp.Or(o.window, period))
	idling, seconds := g.sent(), time.Since(begun).Seconds()
	datagrams := g.each(int(idling.datagrams-settling.datagrams)) / seconds
	streams := g.each(int(idling.streams-settling.streams)) / seconds
	f.add(metricSettling, "B", g.each(int(settling.total())))
	f.add(metricIdle, "B/s", datagrams+streams)
	f.addIn("datagrams", metricIdle, "B/s", datagrams)
	f.addIn("streams", metricIdle, "B/s", streams)
	f.add(metricHeap, "B", g.each(int(liveHeap())-int(g.base.heap)))
	f.add(metricGoroutines, "count", counts...)
	f.add(metricConnections, "count", open...)
}

// look counts now and then the goroutines of a member, those of the bench left out, and its open connections.
func (g *group) look(over time.Duration) (counts, open []float64) {
	for range countsOfIdle {
		time.Sleep(over / countsOfIdle)
		counts = append(counts, g.each(runtime.NumGoroutine()-g.base.goroutines)-float64(g.members[0].helpers()))
		open = append(open, g.each(g.connections()))
	}
	return counts, open
}

func (g *group) connections() (sum int) {
	for _, m := range g.members {
		sum += m.open()
	}
	return sum
}

func (g *group) sent() (sum traffic) {
	for _, m := range g.members {
		sum.datagrams += m.sent().datagrams
		sum.streams += m.sent().streams
	}
	return sum
}

func (g *group) leaves(but ...string) (sum int) {
	for _, m := range g.members {
		sum += m.leaves(but...)
	}
	return sum
}

func (g *group) each(total int) float64 { return float64(total) / float64(len(g.members)) }

// What an idle member may cost, as a multiple of memberlist's.
const mostIdle = 1.5

func idleMarks(rows []Row) (marks []mark) {
	for _, metric := range []string{metricIdle, metricHeap} {
		for _, system := range []string{sealed, unsealed} {
			for _, n := range sizesOf(rows, metric) {
				marks = append(marks, ratio(rows, metric, n, system, bare, mostIdle))
			}
		}
	}
	return marks
}

// pushPullPeriod is how often a member of n exchanges its whole state with another one (memberlist's pushPullScale, of its
// LAN default of 30 s; the members of this module do so a quarter as often, at random, so that their mean tells the same).
// The first exchange comes between one period and 30 s later after the start, so the second period is the first in which
// each member begins one: to count less would leave out what takes most bytes, and the handshakes of members that meet for
// the first time would be taken for idle traffic.
func pushPullPeriod(n int) time.Duration {
	const interval, threshold = 30 * time.Second, 32
	if n <= threshold {
		return interval
	}
	return time.Duration(math.Ceil(math.Log2(float64(n))-math.Log2(threshold))+1) * interval
}
