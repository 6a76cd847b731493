package cluster

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestMadeUpMembersTakeNoPlace has gossip tell of five thousand members that there are not: none of them is a control peer, a
// neighbour, or asked whether this node is isolated.
func TestMadeUpMembersTakeNoPlace(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	target, b, c := meets(n, "a", "10.0.0.2:7946"), meets(n, "b", "10.0.0.3:7946"), meets(n, "c", "10.0.0.4:7946")
	for i := range 5000 {
		n.push.add(identity{fmt.Sprint("f", i), 1}, fmt.Sprintf("10.4.%d.%d:1", i>>8, i&255), membership.WireVersion)
	}
	if others := n.watch.others(target); len(others) != 2 {
		t.Errorf("%d control peers, of which there are two", len(others))
	}
	for range 20 {
		if id, _, _ := n.solitude.anybody(); id != target && id != b && id != c {
			t.Errorf("%s is asked", id)
		}
	}
	n.closed, n.guard.count = true, 3 // nothing dials
	n.guard.adjust()
	for post := range n.guard.watching {
		if post.id != target && post.id != b && post.id != c {
			t.Errorf("%s is a neighbour", post.id)
		}
	}
	if len(n.guard.watching) != n.guard.count {
		t.Errorf("%d neighbours, want %d", len(n.guard.watching), n.guard.count)
	}
	n.guard.wokenAgain()
	if id := (identity{"f1", 1}); n.push.peers[id] != nil {
		n.contact(id)
		if !n.guard.wokenAgain() {
			t.Error("a member that speaks for the first time does not count as a neighbour")
		}
	}
}

// TestProvenAtItsAddress holds which messages prove a member at its address.
func TestProvenAtItsAddress(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	nobody := func(string) string { return "" }
	a := meets(n, "a", "10.0.0.2:7946")
	for _, from := range []string{"10.0.0.3:7946", "10.0.0.2:54321"} {
		if n.push.prove(a, netip.MustParseAddrPort(from)); len(n.push.proven(nobody)) > 0 {
			t.Errorf("a message from %s proves it", from)
		}
	}
	if n.push.prove(a, netip.MustParseAddrPort("10.0.0.2:7946")); len(n.push.proven(nobody)) != 1 {
		t.Error("a message from its address does not prove it")
	}
	b := meets(n, "b", "10.0.0.4:7946")
	dialled := func(address string) string {
		if address == "10.0.0.4:7946" {
			return b.String()
		}
		return a.String()
	}
	time.Sleep(time.Millisecond)
	if got := n.push.proven(dialled); len(got) != 2 || got[0] != "10.0.0.2:7946" {
		t.Errorf("proven are %v", got)
	}
	n.push.prove(meets(n, "mallory", "10.0.0.5:1"), netip.MustParseAddrPort("10.0.0.5:1"))
	for boot := range uint64(100) {
		id := identity{"mallory", boot + 2}
		n.push.add(id, fmt.Sprint("10.0.0.5:", boot+2), membership.WireVersion)
		n.push.prove(id, netip.MustParseAddrPort(fmt.Sprint("10.0.0.5:", boot+2)))
	}
	if got := n.push.proven(dialled); len(got) != 3 {
		t.Errorf("one name has %d places in the file", len(got)-2)
	}
}
