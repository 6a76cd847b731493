package testcluster

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A schedule is what happens to a cluster, and when. It is made from a seed. A step that makes no sense, because the
// member that it concerns is not running, does nothing.
type schedule []step

type step struct {
	after  time.Duration // the step before
	do     action
	member int     // which, by number
	share  float64 // of whatever the action needs a share of
}

type action int

const (
	kill action = iota
	vanish
	leave
	restart // also of one that does not run
	rename  // another name on the same address
	pauseFor
	drain
	register
	update
	deregister
	cut
	cutOneWay
	lossy
	slow
	noDatagrams
	heal
	actions // how many there are
)

func (a action) String() string {
	return [...]string{"kill", "vanish", "leave", "restart", "rename", "pause", "drain", "register", "update",
		"deregister", "cut", "cut one way", "lossy", "slow", "no datagrams", "heal"}[a]
}

func (s step) String() string {
	return fmt.Sprintf("+%-8v %s member %d share %.2f", s.after, s.do, s.member, s.share)
}

func (s schedule) String() string {
	lines := make([]string, len(s))
	for i, step := range s {
		lines[i] = "  " + step.String()
	}
	return strings.Join(lines, "\n")
}

const (
	chaosMembers = 10
	chaosSteps   = 20
	longestGap   = 15 * time.Second
)

func newSchedule(seed uint64) schedule {
	random := rand.New(rand.NewPCG(seed, 1))
	s := make(schedule, chaosSteps)
	for i := range s {
		s[i] = step{
			after:  time.Duration(random.Int64N(int64(longestGap))).Round(time.Millisecond),
			do:     action(random.IntN(int(actions))),
			member: random.IntN(chaosMembers),
			share:  random.Float64(),
		}
	}
	return s
}
