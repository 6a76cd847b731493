package sim

import "time"

// The names of scenarios.
const (
	At50        = "50 % load"
	At60        = "60 % load"
	At70        = "70 % load"
	At80        = "80 % load"
	At90        = "90 % load"
	At95        = "95 % load"
	Capacities  = "capacities 1:4"
	SlowOne     = "one ten times slower"
	Antagonists = "antagonists"
	FailingOne  = "one fails at once"
	FailingHalf = "half fail at once"
	Rolling     = "rolling restart"
	Crashes     = "crash restarts"
	Cold        = "10 of 50 cold"
	Many        = "400 clients"
	Subsets     = "subsets of 20"
	Zones       = "three zones"
	OneFailure  = "one failure and one caller"
	Cut         = "cut and healed"
	Flawed      = "1 % random failures everywhere"
)

const (
	usualBackends = 50
	usualClients  = 50
	usualSpan     = 10 * time.Second
	usualRTT      = 500 * time.Microsecond

	seldomLoad = 0.01 // one call in five begins before the one before it has ended
)

// Even is a scenario in which all are alike and nothing happens.
func Even(name string, load float64) Scenario {
	return Scenario{Name: name, Backends: usualBackends, Clients: usualClients, Load: load, Span: usualSpan, RTT: usualRTT, Tries: 1}
}

// with is Even but for one thing.
func with(name string, load float64, change func(*Scenario)) Scenario {
	s := Even(name, load)
	change(&s)
	return s
}

// Scenarios are all that there are.
func Scenarios() []Scenario {
	return []Scenario{
		Even(At50, 0.5),
		Even(At60, 0.6),
		Even(At70, 0.7),
		Even(At80, 0.8),
		Even(At90, 0.9),
		Even(At95, 0.95),
		with(Capacities, 0.9, func(s *Scenario) { s.Workers = []int{2, 8} }),
		with(SlowOne, 0.8, func(s *Scenario) { s.Speeds = []float64{0.1} }),
		with(Antagonists, 0.7, func(s *Scenario) { s.Happen = (*Run).antagonists }),
		with(FailingOne, 0.7, func(s *Scenario) { s.Happen = failing(1) }),
		with(FailingHalf, 0.4, func(s *Scenario) { s.Happen = failing(usualBackends / 2) }),
		with(Rolling, 0.8, func(s *Scenario) { s.Happen = (*Run).restarts }),
		with(Crashes, 0.7, func(s *Scenario) { s.Tries, s.Happen = 2, (*Run).crashes }),
		with(Cold, 0.7, func(s *Scenario) { s.Spare, s.Happen = newOnes, (*Run).replaces }),
		with(Many, 0.9, func(s *Scenario) { s.Clients = 400 }),
		with(Subsets, 0.9, func(s *Scenario) { s.Backends, s.Clients, s.Subset = 100, 100, 20 }),
		with(Zones, 0.7, func(s *Scenario) {
			s.Backends, s.Clients, s.Zones, s.Demand = 51, 51, []string{"a", "b", "c"}, []float64{5, 3, 2}
		}),
		with(OneFailure, seldomLoad, func(s *Scenario) {
			s.Backends, s.Clients, s.Span, s.Well, s.Happen = 5, 1, 20*time.Second, failsAt, (*Run).failsOnce
		}),
		with(Cut, seldomLoad, func(s *Scenario) {
			s.Backends, s.Clients, s.Span, s.Well, s.Happen = 5, 1, cutFor+15*time.Second, cutFor, (*Run).cuts
		}),
		with(Flawed, 0.7, func(s *Scenario) { s.Happen = (*Run).failsAtRandom }),
	}
}
