package sim

import (
	"math/rand/v2"
	"time"
)

const (
	antagonized = 1.0 / 3         // the speed of a backend that has to share its host
	calm        = 4 * time.Second // in the mean, before it has to
	trouble     = time.Second     // in the mean, for which it has to
)

// antagonists come to backends and go, by a clock of each backend's own.
func (r *Run) antagonists() {
	for i, b := range r.backends {
		chance := rand.New(rand.NewPCG(r.seed, eventStream+1+uint64(i)))
		r.at(0, func() { r.antagonize(b, chance, chance.Float64() < float64(trouble)/float64(trouble+calm)) })
	}
}

func (r *Run) antagonize(b *Backend, chance *rand.Rand, now bool) {
	span := calm
	if b.speed = 1; now {
		b.speed, span = antagonized, trouble
	}
	r.After(time.Duration(chance.ExpFloat64()*float64(span)), func() { r.antagonize(b, chance, !now) })
}

// failing has some of the backends answer with an error, from 0 on.
func failing(number int) func(*Run) {
	return func(r *Run) {
		r.at(0, func() {
			for _, b := range r.backends[:number] {
				b.breakDown(fails)
			}
		})
	}
}

// failsAt is when the one failure of scenario OneFailure is due.
const failsAt = time.Second

// failsOnce has the first backend answer one request with an error.
func (r *Run) failsOnce() {
	failed := false
	r.backends[0].flaw = func() bool {
		due := !failed && r.now >= failsAt
		failed = failed || due
		return due
	}
}

const (
	cutOff = 2 // backends
	cutFor = 25 * time.Second
)

// cuts has some of the backends cut off, with what they are serving, and joined again.
func (r *Run) cuts() {
	r.at(0, func() {
		for _, b := range r.backends[:cutOff] {
			b.sever()
		}
	})
	r.at(cutFor, func() {
		for _, b := range r.backends[:cutOff] {
			b.state = serves
			b.count()
		}
	})
}

// flawed is the share of requests that fail in scenario Flawed.
const flawed = 0.01

// failsAtRandom has each backend fail some of its requests, by a clock of each backend's own.
func (r *Run) failsAtRandom() {
	for i, b := range r.backends {
		chance := rand.New(rand.NewPCG(r.seed, eventStream+1+uint64(i)))
		b.flaw = func() bool { return chance.Float64() < flawed }
	}
}

const (
	restartEvery = time.Second
	goodbye      = 500 * time.Millisecond // for what is in flight
	downFor      = 500 * time.Millisecond // from its end to its start
)

// restarts has one backend after the other taken out of everybody's set, stopped once it has nothing to do, started and put back.
func (r *Run) restarts() {
	for i := range int(r.scenario.Span / restartEvery) {
		b := r.backends[i%len(r.backends)]
		r.at(time.Duration(i)*restartEvery, func() {
			r.list(b, false)
			r.After(goodbye, func() { r.kill(b) })
			r.After(goodbye+downFor, func() { r.revive(b) })
		})
	}
}

// list has everybody told that a backend is there, or that it is not.
func (r *Run) list(b *Backend, there bool) {
	b.listed = there
	r.tell()
}

func (r *Run) kill(b *Backend) {
	b.breakDown(dead)
	r.After(r.scenario.RTT, func() { r.wired(func(w Wired) { w.Reset(b.Number) }) })
}

func (r *Run) revive(b *Backend) {
	b.start()
	r.wired(func(w Wired) { w.Restore(b.Number) })
	r.list(b, true)
}

const (
	crashEvery = 500 * time.Millisecond
	noticed    = 10 * time.Millisecond // after a crash, by everybody
	crashedFor = 2 * time.Second
)

// crashes resets the connections of one backend after the other, and refuses others until it is started again.
func (r *Run) crashes() {
	for i, which := range r.chance.Perm(len(r.backends))[:r.scenario.Span/crashEvery] {
		b := r.backends[which]
		r.at(time.Duration(i)*crashEvery, func() {
			r.kill(b)
			r.After(noticed, func() { r.list(b, false) })
			r.After(crashedFor, func() { r.revive(b) })
		})
	}
}

const (
	newOnes   = 10
	coldSpeed = 0.2
	warmIn    = 10 * time.Second
)

// replaces puts cold backends into the places of some, which finish what they have.
func (r *Run) replaces() {
	r.at(0, func() {
		for i := range newOnes {
			r.backends[i].listed = false
			b := r.backends[r.scenario.Backends+i]
			b.warmth, b.listed = warmth, true
			b.start()
		}
		r.tell()
	})
}

// warmth is the speed of a backend that has served for a while.
func warmth(age time.Duration) float64 {
	return min(coldSpeed+(1-coldSpeed)*float64(age)/float64(warmIn), 1)
}

// NewShare is the share that each new one of scenario Cold would have in a second, from 0, if all were equally busy; it is 1 if all have the same.
func NewShare(second int) float64 {
	speed := warmth(time.Duration(second)*time.Second + time.Second/2)
	return speed * usualBackends / (speed*newOnes + usualBackends - newOnes)
}
