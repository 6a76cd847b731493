package sim

import "time"

const usualWorkers = 4 // of a backend

// Scenario is what clients and backends go through.
type Scenario struct {
	Name     string
	Backends int // that serve from the beginning
	Spare    int // more of them, that nobody knows of at first
	Clients  int
	Load     float64       // sent, of what the backends can do before anything happens to them
	Span     time.Duration // in which requests count
	RTT      time.Duration // from the end of the work to the client, and of a probe
	Tries    int           // for a request
	Workers  []int         // of backends, in turn
	Speeds   []float64     // of the first backends; 1 for all others
	Zones    []string      // of backends and of clients, in turn
	Demand   []float64     // of the clients of each zone, in relation to each other
	Subset   int           // instances that a client is to use; 0 for all
	Happen   func(*Run)    // sets up what happens later
	Well     time.Duration // from then on each backend should get calls; 0 if that does not count
}

func (s Scenario) workersOf(backend int) int {
	if len(s.Workers) == 0 {
		return usualWorkers
	}
	return s.Workers[backend%len(s.Workers)]
}

func (s Scenario) speedOf(backend int) float64 {
	if backend < len(s.Speeds) {
		return s.Speeds[backend]
	}
	return 1
}

func (s Scenario) zoneOf(number int) string {
	if len(s.Zones) == 0 {
		return ""
	}
	return s.Zones[number%len(s.Zones)]
}

func (s Scenario) demandOf(client int) float64 {
	if len(s.Demand) == 0 {
		return 1
	}
	return s.Demand[client%len(s.Demand)]
}

// rateOf is how many requests a second a client sends.
func (s Scenario) rateOf(client int) float64 {
	var demand, capacity float64
	for i := range s.Clients {
		demand += s.demandOf(i)
	}
	for i := range s.Backends {
		capacity += float64(s.workersOf(i)) * s.speedOf(i) / meanWork.Seconds()
	}
	return s.Load * capacity * s.demandOf(client) / demand
}
