package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
)

const (
	metricFullViews  = "full views"
	metricClose      = "close of all"
	metricCPU        = "CPU time"
	metricFlood      = "refused as a flood"
	metricHandshakes = "handshakes"
	metricUnproven   = "handshakes, failed"
	metricDials      = "dials"
	metricMostRoutes = "goroutines, at most"
	metricMostFiles  = "descriptors, at most"

	startPatience = 3 * time.Minute
	startLook     = 20 * time.Millisecond // between two looks at goroutines and descriptors
	sharePeriod   = 100 * time.Millisecond

	mostStartQuiet, mostStartBusy = 10, 60 // seconds
)

// started is what the members of one process found when they started together.
type started struct {
	Views, Close, CPU        time.Duration
	Removed, Flood           int
	Handshakes, Broken, Dial uint64
	Goroutines, Descriptors  int
	Least                    int // members that the shortest view lists
}

// benchStart starts the members of one process, some at a time, and watches until all list all.
func benchStart(o options) (rows []Row, err error) {
	for _, n := range o.sizes {
		f := newFigures("start", systems(sealed)[0], n)
		for range o.runs {
			s, err := startOnce(o, n)
			if err != nil {
				return append(rows, f.rows()...), err
			}
			o.say("start: n=%d, %s: %+v", n, o.scenario(), s)
			s.addTo(f, o.scenario())
		}
		rows = append(rows, f.rows()...)
	}
	return rows, nil
}

func (s started) addTo(f *figures, scenario string) {
	f.addIn(scenario, metricFullViews, "s", s.Views.Seconds()) // startPatience, if they never were
	f.addIn(scenario, metricClose, "s", s.Close.Seconds())
	f.addIn(scenario, metricCPU, "s", s.CPU.Seconds())
	for _, one := range []struct {
		metric string
		count  int
	}{
		{metricRemoved, s.Removed}, {metricFlood, s.Flood}, {metricMostRoutes, s.Goroutines}, {metricMostFiles, s.Descriptors},
		{metricHandshakes, int(s.Handshakes)}, {metricUnproven, int(s.Broken)}, {metricDials, int(s.Dial)},
	} {
		f.addIn(scenario, one.metric, "count", float64(one.count))
	}
}

// scenario names what the members share the host with.
func (o options) scenario() string {
	name := fmt.Sprintf("%d at a time", o.width)
	if o.busy > 0 {
		name += fmt.Sprintf(", %d busy loops", o.busy)
	}
	if o.spin > 0 {
		name += fmt.Sprintf(", %d of their own", o.spin)
	}
	if o.share < wholeShare {
		name += fmt.Sprintf(", %d %% CPU", o.share)
	}
	return name
}

// startOnce runs the members in a child process, so that its CPU time is theirs, and can be held back.
func startOnce(o options, n int) (s started, err error) {
	for range o.busy {
		p, err := spawn(childSpec{Role: "spin", Name: "busy loop"})
		if err != nil {
			return s, err
		}
		defer p.kill()
	}
	p, err := spawn(childSpec{Role: "start", Name: "members", Members: n, Width: o.width, Spin: o.spin})
	if err != nil {
		return s, err
	}
	defer p.kill()
	for o.share < wholeShare && p.pauseOnce(o.share) {
	}
	<-p.ended
	if p.err != nil {
		return s, fmt.Errorf("%s: %w: %s", p.name, p.err, p.stderr.String())
	}
	return s, p.last(&s)
}

// beSpinner is a busy loop.
func beSpinner(ctx context.Context, _ childSpec) error {
	if err := tell(hello{}); err != nil {
		return err
	}
	for ctx.Err() == nil {
	}
	return nil
}

// beStarted is a process whose members start together. It tells what came of it, and ends.
func beStarted(ctx context.Context, s childSpec) error {
	if err := tell(hello{}); err != nil {
		return err
	}
	for range s.Spin {
		go beBusy(ctx)
	}
	r, err := startTogether(s.Members, s.Width)
	if err != nil {
		return err
	}
	return tell(r)
}

func beBusy(ctx context.Context) {
	for ctx.Err() == nil {
	}
}

// startTogether starts n members, a few at a time, and ends them one after another once all list all.
func startTogether(n, width int) (s started, err error) {
	config := cluster.Config{Cluster: clusterName, Secret: cluster.NewSecret()}
	nodes, counters := make([]*cluster.Node, n), make([]*counter, n)
	failed := make([]error, n)
	var removed tally
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	start := func(i int) {
		config := config
		config.Name = fmt.Sprintf("member-%d", i)
		sockets, err := listen()
		if failed[i] = err; err != nil {
			return
		}
		counters[i] = newCounter(sockets)
		config.Transport = counters[i]
		if nodes[i], failed[i] = cluster.Start(ctx, config); failed[i] == nil {
			following.Go(func() { removed.follow(ctx, nodes[i].View(), func(func(news) bool) {}) })
		}
	}
	most := watchMost(ctx, &following)
	begun := time.Now()
	for i := range min(mostSeeds, n) {
		if start(i); failed[i] != nil {
			stop()
			return s, failed[i]
		}
		config.Join = append(config.Join, nodes[i].Address())
	}
	for i := mostSeeds; i < n; i += width {
		var wave sync.WaitGroup
		for j := i; j < min(i+width, n); j++ {
			wave.Go(func() { start(j) })
		}
		wave.Wait()
	}
	for i, err := range failed {
		if err != nil {
			stop()
			return s, fmt.Errorf("member-%d: %w", i, err)
		}
	}
	for s.Least = least(nodes); s.Least < n && time.Since(begun) < startPatience; s.Least = least(nodes) {
		time.Sleep(startLook)
	}
	s.Views, s.CPU = time.Since(begun), cpuTime()
	stop()
	following.Wait()
	s.Removed = removed.leaves()
	s.Goroutines, s.Descriptors = most[0], most[1]
	for i, node := range nodes {
		stats := node.Stats()
		s.Handshakes += stats.Handshakes
		s.Broken += stats.Failed
		s.Flood += int(stats.Refused[transport.ReasonFlood])
		s.Dial += counters[i].dials.Load()
	}
	begun = time.Now()
	for _, node := range nodes {
		node.Close()
	}
	s.Close = time.Since(begun)
	return s, nil
}

// least is how many members the shortest view lists.
func least(nodes []*cluster.Node) int {
	shortest := len(nodes)
	for _, node := range nodes {
		shortest = min(shortest, len(node.View().Snapshot().Members()))
	}
	return shortest
}

// watchMost notes the most goroutines and descriptors that this process has until ctx is done.
func watchMost(ctx context.Context, work *sync.WaitGroup) *[2]int {
	most := new([2]int)
	work.Go(func() {
		for ctx.Err() == nil {
			most[0], most[1] = max(most[0], runtime.NumGoroutine()), max(most[1], descriptors())
			time.Sleep(startLook)
		}
	})
	return most
}

// startMarks hold the worst run against what was promised.
func startMarks(rows []Row) (marks []mark) {
	for _, r := range rows {
		switch most := float64(mostStartBusy); r.Metric {
		case metricFullViews:
			if !strings.Contains(r.Scenario, ",") {
				most = mostStartQuiet
			}
			marks = append(marks, limit(rows, r.System, r.Metric, r.Scenario, r.N, most))
		case metricRemoved:
			marks = append(marks, limit(rows, r.System, r.Metric, r.Scenario, r.N, 0))
		}
	}
	return marks
}
