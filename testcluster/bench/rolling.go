package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// A rolling restart of real processes, as a deployment does it: each server makes way for one of a new name, on new ports.
const (
	metricRequests = "requests"
	metricFailed   = "failed"
	metricShare    = "failed, share"

	rollServers = 10
	rollCallers = 5

	promisedRequests = 200_000

	noticeable = time.Second // of requests after the last restart
)

// roll is one way to restart servers.
type roll struct {
	scenario string
	kill     bool // with SIGKILL
	attempts int  // of a request, at the most
	promised bool // so many requests of ours as were asked for are made
}

var rolls = []roll{
	{"SIGTERM", false, 1, true},
	{"kill -9", true, 1, false},
	{"kill -9, one retry", true, 2, true},
}

// benchRolling measures each once.
func benchRolling(o options) (rows []Row, err error) {
	for _, system := range []string{sealed, bare} {
		f := newFigures("rolling", systems(system)[0], o.servers)
		for _, r := range rolls {
			if failed := rollOnce(o, f, r); failed != nil {
				err = errors.Join(err, fmt.Errorf("rolling, %s, %s: %w", system, r.scenario, failed))
			}
		}
		rows = append(rows, f.rows()...)
	}
	return rows, err
}

// rollOnce restarts all servers, and goes on to until there were enough requests.
func rollOnce(o options, f *figures, r roll) error {
	d := &deployment{options: o, system: f.name, roll: r, secret: make([]byte, 32)}
	rand.Read(d.secret) // never fails
	defer d.end()
	begun := time.Now()
	if err := d.start(); err != nil {
		return err
	}
	wanted := 0
	if r.promised && f.name == sealed {
		wanted = o.requests
	}
	for first := true; first || d.results().Requests < wanted; first = false {
		if err := d.restartAll(); err != nil {
			return err
		}
	}
	time.Sleep(min(noticeable, 2*o.rollPause))
	all, err := d.stopCallers()
	if err != nil {
		return err
	}
	o.say("rolling: %s, %s: %d of %d requests failed, %d restarts in %v: %q", f.name, r.scenario, all.Failed, all.Requests, d.restarts, time.Since(begun), all.Errors)
	f.addIn(r.scenario, metricRequests, "count", float64(all.Requests))
	f.addIn(r.scenario, metricFailed, "count", float64(all.Failed))
	f.addIn(r.scenario, metricShare, "%", 100*float64(all.Failed)/float64(max(all.Requests, 1)))
	return nil
}

// deployment is servers and those who call them.
type deployment struct {
	options
	roll
	system   string
	secret   []byte
	servers  []*process
	callers  []*process
	started  int // servers, ever
	restarts int
}

func (d *deployment) start() error {
	for range d.options.servers {
		if err := d.addServer(); err != nil {
			return err
		}
	}
	for i := range d.options.callers {
		caller, err := spawn(childSpec{Role: "caller", Name: fmt.Sprintf("caller-%d", i), System: d.system, Secret: d.secret, Seeds: d.seeds(),
			Servers: d.options.servers, Rate: d.rate / d.options.callers, Attempts: d.attempts})
		if err != nil {
			return err
		}
		d.callers = append(d.callers, caller)
	}
	time.Sleep(d.rollPause)
	return nil
}

func (d *deployment) addServer() error {
	server, err := spawn(childSpec{Role: "server", Name: fmt.Sprintf("server-%d", d.started), System: d.system, Secret: d.secret, Seeds: d.seeds()})
	if err != nil {
		return err
	}
	d.started++
	d.servers = append(d.servers, server)
	return nil
}

// seeds are the servers that live longest from now on.
func (d *deployment) seeds() (addresses []string) {
	for _, s := range slices.Backward(d.servers) {
		if len(addresses) < mostSeeds {
			addresses = append(addresses, s.address)
		}
	}
	return addresses
}

// restartAll restarts one server after the other, the oldest first.
func (d *deployment) restartAll() error {
	for range d.options.servers {
		old := d.servers[0]
		d.servers = d.servers[1:]
		if d.kill {
			old.kill()
		} else if err := old.terminate(); err != nil {
			return err
		}
		if err := d.addServer(); err != nil {
			return err
		}
		d.restarts++
		time.Sleep(d.rollPause)
	}
	return nil
}

// results adds up what the callers have told so far.
func (d *deployment) results() (all results) {
	for _, c := range d.callers {
		var r results
		if c.last(&r) == nil {
			all.add(r)
		}
	}
	return all
}

// stopCallers waits for the requests under way.
func (d *deployment) stopCallers() (all results, err error) {
	for _, c := range d.callers {
		err = errors.Join(err, c.terminate())
	}
	return d.results(), err
}

func (d *deployment) end() {
	for _, p := range append(d.callers, d.servers...) {
		p.kill()
	}
}

func rollingMarks(rows []Row) (marks []mark) {
	for _, r := range rolls {
		if r.promised {
			marks = append(marks, limit(rows, sealed, metricFailed, r.scenario, rollServers, 0))
		}
	}
	for _, r := range rolls {
		if r.promised {
			marks = append(marks, lacking(rows, r.scenario))
		}
	}
	return marks
}

// lacking is by how many requests a row falls short of what was promised: a run with -requests is no proof.
func lacking(rows []Row, scenario string) mark {
	m := mark{fmt.Sprintf("requests that are lacking %s, n=%d, %s", scenario, rollServers, sealed), math.NaN(), 0}
	if r, ok := lookUp(rows, sealed, metricRequests, scenario, rollServers); ok {
		m.value = max(0, promisedRequests-r.P50)
	}
	return m
}
