package cluster

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// relayOver is an idle node with so many peers, m0000 and so on, and owners of records beside them, on a network that takes
// nothing.
func relayOver(t *testing.T, peers, owners int) *Node {
	n := idleNodeOn(t, stalled{}, zerolog.Nop())
	add := func(id identity, i int) {
		n.push.add(id, fmt.Sprintf("10.0.%d.%d:7946", i>>8, i&255), membership.WireVersion)
	}
	for i := range peers {
		add(identity{fmt.Sprintf("m%04d", i), uint64(i + 1)}, i)
	}
	for i := range owners {
		add(identity{fmt.Sprint("o", i), 0xc0ffee}, peers+i)
	}
	return n
}

// relayedBy is a version of an owner's record, of about so many bytes.
func relayedBy(owner string, version uint64, size int) pushEvent {
	r := recordOf(owner)
	r.Version, r.Metadata = version, map[string]string{"k": strings.Repeat("v", size)}
	return pushEvent{record: r}
}

// running is how many jobs a relay has, and copies under way.
func (r *relay) running() (jobs, copies int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.jobs), len(r.copies)
}

// TestRelayIsBounded has many owners have large records relayed, version upon version, to peers that take none: jobs and
// copies under way are bounded, and all ends soon.
func TestRelayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := relayOver(t, 400, 40)
		defer time.Sleep(time.Minute)
		for version := range uint64(50) {
			for i := range 40 {
				n.relay.begin(relayedBy(fmt.Sprint("o", i), version+1, 50<<10), fmt.Sprintf("m%04d", 10*i), fmt.Sprintf("m%04d@z", 10*i+40))
			}
			synctest.Wait()
			if jobs, copies := n.relay.running(); jobs != mostRelayed || copies > mostCopies {
				t.Fatalf("version %d: %d jobs and %d copies", version, jobs, copies)
			}
			n.relay.mu.Lock()
			for name, one := range n.relay.jobs {
				if one.version != version+1 {
					t.Errorf("version %d: %s has a job of version %d", version, name, one.version)
				}
			}
			n.relay.mu.Unlock()
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(relayPatience)
		synctest.Wait()
		if jobs, copies := n.relay.running(); jobs+copies > 0 {
			t.Errorf("%d jobs and %d copies are left", jobs, copies)
		}
	})
}

// TestRelayRefuses holds what is not relayed: the owner sends it itself.
func TestRelayRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := relayOver(t, 400, 1)
		defer time.Sleep(time.Minute)
		most := groupOf(n.push.count())
		if most != 2*21+8 {
			t.Fatalf("a group of 401 peers has %d at most", most)
		}
		for name, tt := range map[string]struct {
			owner, first, last string
			size               int
			want               int
		}{
			"a group":                     {"o0", "m0000", "m0020", 100, 1},
			"as many as there may be":     {"o0", "m0000", fmt.Sprintf("m%04d", most), 100, 1},
			"more":                        {"o0", "m0000", fmt.Sprintf("m%04d", most+1), 100, 0},
			"everybody":                   {"o0", "", "z", 100, 0},
			"nobody":                      {"o0", "x", "z", 100, 0},
			"of one that is not a member": {"x0", "m0000", "m0020", 100, 0},
		} {
			n.relay.begin(relayedBy(tt.owner, 1, tt.size), tt.first, tt.last)
			if jobs, _ := n.relay.running(); jobs != tt.want {
				t.Errorf("%s: %d jobs", name, jobs)
			}
			time.Sleep(2 * relayPatience)
		}
		n.relay.begin(relayedBy("o0", 5, 100), "m0000", "m0020")
		n.relay.begin(relayedBy("o0", 4, 100), "m0000", "m0020")
		n.relay.mu.Lock()
		defer n.relay.mu.Unlock()
		if one := n.relay.jobs["o0"]; one.version != 5 {
			t.Errorf("an older version takes the place of a newer one: %d", one.version)
		}
	})
}

// TestRelayBytes bounds what one message makes a relay send: large records go to fewer peers.
func TestRelayBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := relayOver(t, 8000, 1)
		defer time.Sleep(time.Minute)
		for _, tt := range []struct{ group, want int }{{120, 1}, {170, 0}} {
			n.relay.begin(relayedBy("o0", 1, 60<<10), "m0000", fmt.Sprintf("m%04d", tt.group))
			if jobs, _ := n.relay.running(); jobs != tt.want {
				t.Errorf("60 KiB to %d peers: %d jobs", tt.group, jobs)
			}
			time.Sleep(2 * relayPatience)
		}
	})
}
