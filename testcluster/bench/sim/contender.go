package sim

import "time"

// Contender is somebody's rule for picking.
type Contender struct {
	Name   string
	WarmUp time.Duration // how long it takes until it works as it should; 0 for less than a run's own
	New    func(*World, Client) (Caller, error)
}

// Client is one of those that call.
type Client struct {
	Number, Of int                                             // from 0, of so many
	Zone       string                                          // "" for none
	Size       int                                             // how many instances it is to use; 0 for all
	Ask        func(instance int) (inFlight int, answers bool) // what an instance answers a probe right now; any goroutine may ask
}

// Caller is what picks for one client. It is used by one goroutine.
type Caller interface {
	// Update makes these the instances to pick from. The slice is not kept.
	Update([]Instance) error
	// Pick gives the number of the instance that takes the next call, or false if there is none. When the call has ended, done is called
	// once. For another attempt avoid is the instance that failed, otherwise it is -1.
	Pick(avoid int) (instance int, done func(Answer), ok bool)
	// Close ends what Pick and Update have started, and waits for it.
	Close()
}

// Wired is a Caller that also sees connections. An instance that was reset refuses others until it is restored.
type Wired interface {
	Reset(instance int)
	Restore(instance int)
}

// Instance is what everybody is told of a backend.
type Instance struct {
	Number  int
	Weight  int // 100 for one of common size
	Zone    string
	Started time.Time // when its present life began
}

// Answer says how a call has ended.
type Answer struct {
	Failed bool // with an error, or with none as the connection broke
	Load   Load
}

// Load is what an instance says of itself in the trailer of an answer. It goes by what was in the last whole second.
type Load struct {
	Utilization float64 // from 0 to 1
	Rate        float64 // requests a second
}
