package balancer

import "time"

// Item is one thing to pick.
type Item[T any] struct {
	Key     string    // identity across changes of the set, for example an address
	Weight  int       // share; 0 or less means DefaultWeight, above MaxWeight counts as MaxWeight
	Zone    string    // where it is, for [PreferZone]
	Started time.Time // when it began to serve, for [SlowStart]; the zero time is long ago. Another one is another life
	Value   T         // what Pick returns
}

// Choice narrows a pick down. The zero Choice is that of Pick.
type Choice[T any] struct {
	Key   string       // of the call, for [Maglev] and [RingHash]: calls with one key go to one item; "" is drawn by lot
	Tried func(T) bool // says which values are not to be picked while another is left
}

// Outcome says how a call ended.
type Outcome uint8

const (
	Success  Outcome = iota // it was answered
	Failure                 // it was not, or with an error that is the item's
	Canceled                // its caller gave it up, which says nothing of the item, unless that was slow: see [Candidate.Latency]
)

// Load is what an item reports of itself.
type Load struct {
	InFlight int64 // requests that it is serving, whoever sent them
}
