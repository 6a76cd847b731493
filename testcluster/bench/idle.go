package main

import (
	"cmp"
	"math"
	"runtime"
	"time"
)

const (
	shortSettle  = 10 * time.Second // with -idle
	countsOfIdle = 20               // how often goroutines are counted
)

// idle leaves the cluster alone and measures what it costs to have it.
func (g *group) idle(o options, row func(metric, unit string) Row) []Row {
	period := pushPullPeriod(len(g.members))
	time.Sleep(cmp.Or(o.settle, period))
	settling := g.sent()
	begun := time.Now()
	counts := g.countGoroutines(cmp.Or(o.window, period))
	idling, seconds := g.sent(), time.Since(begun).Seconds()
	datagrams := g.each(int(idling.datagrams-settling.datagrams)) / seconds
	streams := g.each(int(idling.streams-settling.streams)) / seconds
	return []Row{
		row(metricSettling, "B").of(g.each(int(settling.total()))),
		row(metricIdle, "B/s").of(datagrams + streams),
		row(metricIdle, "B/s").in("datagrams").of(datagrams),
		row(metricIdle, "B/s").in("streams").of(streams),
		row(metricHeap, "B").of(g.each(int(liveHeap()) - int(g.heap))),
		row(metricGoroutines, "count").of(counts...),
	}
}

// countGoroutines looks now and then how many there are of a member, those of the bench left out.
func (g *group) countGoroutines(over time.Duration) (counts []float64) {
	for range countsOfIdle {
		time.Sleep(over / countsOfIdle)
		counts = append(counts, g.each(runtime.NumGoroutine()-g.goroutines)-float64(g.members[0].helpers()))
	}
	return counts
}

func (g *group) each(total int) float64 { return float64(total) / float64(len(g.members)) }

// pushPullPeriod is how often a member of n exchanges its whole state with another one (memberlist's pushPullScale, of its
// LAN default of 30 s; this module keeps to it). The first exchange comes between one period and 30 s later after the
// start, so the second period is the first in which each member begins one: to count less would leave out what takes
// most bytes, and the handshakes of members that meet for the first time would be taken for idle traffic.
func pushPullPeriod(n int) time.Duration {
	const interval, threshold = 30 * time.Second, 32
	if n <= threshold {
		return interval
	}
	return time.Duration(math.Ceil(math.Log2(float64(n))-math.Log2(threshold))+1) * interval
}
