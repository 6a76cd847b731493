package testcluster

import (
	"fmt"
	"hash"
	"hash/fnv"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// history condenses what every view showed, and when, into a number: two runs with the same number went the same way.
type history struct{ sum hash.Hash64 }

func newHistory() history { return history{fnv.New64a()} }

func (h history) note(at time.Duration, name string, s *membership.Snapshot) {
	fmt.Fprintln(h.sum, at, name, s.Version(), s.Err())
	for _, m := range s.Members() {
		fmt.Fprintln(h.sum, m.Name, m.Boot.Number, m.State, m.Address, len(m.Services)) // an ID is random
	}
}

func (h history) String() string { return fmt.Sprintf("%016x", h.sum.Sum64()) }
