package testcluster

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// AwaitConverged waits until the view of every member holds exactly the running members, each with its newest boot,
// state and services. When it gives up, the test fails and hears who lacks what.
func (c *Cluster) AwaitConverged(patience time.Duration) {
	c.t.Helper()
	if wrong := c.converge(patience); wrong != nil {
		c.t.Fatalf("not converged after %v:\n%s", patience, strings.Join(wrong, "\n"))
	}
}

// look is how often AwaitConverged looks.
const look = 20 * time.Millisecond

// converge gives what is wrong after patience, nil if nothing is.
func (c *Cluster) converge(patience time.Duration) []string {
	deadline := time.Now().Add(patience)
	for wrong := c.wrongView(0); wrong >= 0; wrong = c.wrongView(wrong) {
		if !time.Now().Before(deadline) {
			return c.differences()
		}
		time.Sleep(look)
	}
	return nil
}

// wrongView gives a member whose view is not the truth, -1 if there is none. It looks at the member at first before the
// others: the one that was wrong last most likely is still.
func (c *Cluster) wrongView(first int) int {
	truth := c.truth()
	for i := range c.Members {
		if at := (first + i) % len(c.Members); !matches(c.Members[at].View().Snapshot(), truth) {
			return at
		}
	}
	return -1
}

// truth is what every member says of itself, by name.
func (c *Cluster) truth() (truth []membership.Member) {
	for _, m := range c.Members {
		if self, ok := m.View().Snapshot().Member(m.Name()); ok {
			truth = append(truth, self)
		}
	}
	slices.SortFunc(truth, func(a, b membership.Member) int { return cmp.Compare(a.Name, b.Name) })
	return truth
}

// matches says whether a view is the truth.
func matches(s *membership.Snapshot, truth []membership.Member) bool {
	return s.Err() == nil && slices.EqualFunc(s.Members(), truth, same)
}

// same leaves out the address, which a member does not know of itself.
func same(a, b membership.Member) bool {
	return a.Name == b.Name && a.Boot == b.Boot && a.State == b.State && a.Zone == b.Zone &&
		reflect.DeepEqual(a.Services, b.Services) && maps.Equal(a.Metadata, b.Metadata)
}

// differences says who differs from the truth in what.
func (c *Cluster) differences() (wrong []string) {
	truth := c.truth()
	for _, m := range c.Members {
		if diff := compare(m.View().Snapshot(), truth); diff != "" {
			wrong = append(wrong, fmt.Sprintf("%s: %s", m.Name(), diff))
		}
	}
	return wrong
}

// compare says how a view differs from the truth, "" if it does not.
func compare(s *membership.Snapshot, truth []membership.Member) string {
	var diff []string
	if s.Err() != nil {
		diff = append(diff, s.Err().Error())
	}
	for _, want := range truth {
		got, ok := s.Member(want.Name)
		switch {
		case !ok:
			diff = append(diff, "lacks "+want.Name)
		case !same(got, want):
			diff = append(diff, fmt.Sprintf("has %s, should have %s", describe(got), describe(want)))
		}
	}
	for _, got := range s.Members() {
		if !slices.ContainsFunc(truth, func(m membership.Member) bool { return m.Name == got.Name }) {
			diff = append(diff, "still has "+describe(got))
		}
	}
	slices.Sort(diff)
	return strings.Join(diff, "; ")
}

func describe(m membership.Member) string {
	var services []string
	for _, s := range m.Services {
		services = append(services, fmt.Sprintf("%s=%s/%s/%d%v%v", s.Name, s.Address, s.Version, s.Weight, s.Tags, s.Metadata))
	}
	return fmt.Sprintf("%s (boot %v, %v, zone %q, %s, %v)", m.Name, m.Boot, m.State, m.Zone, strings.Join(services, " "), m.Metadata)
}

// AwaitViews waits until right says of the view of each of members that it is as it should be. It fails the test after
// patience, and says which view was not, and what it held.
func (c *Cluster) AwaitViews(patience time.Duration, members []*Member, right func(*membership.Snapshot) bool) {
	c.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for _, m := range members {
		for snapshot := m.View().Snapshot(); !right(snapshot); snapshot = m.View().Snapshot() {
			select {
			case <-snapshot.Changed():
			case <-deadline.C:
				c.t.Fatalf("after %v the view of %s is not right: %s", patience, m.Name(), listing(snapshot))
			}
		}
	}
}

func listing(s *membership.Snapshot) string {
	var members []string
	for _, m := range s.Members() {
		members = append(members, describe(m)+" at "+m.Address)
	}
	return fmt.Sprintf("%s; %v", strings.Join(members, ", "), s.Err())
}
