package balancer

import "sync/atomic"

// Policy builds a Picker for a set, which is never empty. A Balancer calls it when its set changes, off the pick
// path, one call at a time. It may keep the Set but may ask it for more.
type Policy func(*Set) Picker

// Set is what a Policy builds a Picker for.
type Set struct {
	Candidates []*Candidate // read only
	Reports    *Reports     // what is known of all of them

	zones        []string // by position
	total        *counter
	timed, tally bool
	wanted       bool // reports
	degrades     bool
}

// TimeEveryCall has [Candidate.Latency] go by each call, not by one in 16. It costs two readings of the clock, 50 ns or so.
func (s *Set) TimeEveryCall() { s.timed = true }

// WantReports says that the policy goes by what items report of themselves, so that whoever uses the Balancer asks for it: see
// [Balancer.Next] and [Prober].
func (s *Set) WantReports() { s.wanted = true }

// degradeFailing says that a candidate is to get trials only after a failure, see degradation.
func (s *Set) degradeFailing() { s.degrades = true }

// CountAll gives a func for the number of calls in flight of all candidates together, as of this Balancer. The count
// costs each call two writes to a word that all share.
func (s *Set) CountAll() func() int64 {
	s.tally = true
	return s.total.Load
}

// counter has a cache line of its own, since every pick writes it.
type counter struct {
	_ [cacheLine - 8]byte
	atomic.Int64
	_ [cacheLine - 8]byte
}

// Picker gives the position, among the Candidates that it was built for, of the one that should take the call. It
// is called concurrently, even for a while after the next set has a Picker of its own, and must not allocate.
type Picker func(Call) int

// Call is what a Policy may know of the call that it picks for.
type Call struct {
	Word    uint64 // random, for chances that the policy takes
	Hash    uint64 // the same for each call with one key; random if it has none
	Attempt int    // how often the policy was asked before and gave one that is not wanted

	again bool // it is another attempt at a call
}
