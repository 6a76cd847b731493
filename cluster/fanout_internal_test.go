package cluster

import (
	"errors"
	"math/rand"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

func TestBranchesHaveThePeersOnce(t *testing.T) {
	for _, n := range []int{1, 2, 16, 257, 1000, 9999} {
		var peers []identity
		for i := range n {
			peers = append(peers, identity{"m", uint64(i)})
		}
		want := slices.Clone(peers)
		rand.Shuffle(n, func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
		groups := branches(peers)
		if got := slices.Concat(groups...); !slices.Equal(got, want) {
			t.Errorf("%d peers: the groups hold %d, or not in order", n, len(got))
		}
		for _, group := range groups {
			if size := len(group); size == 0 || (size-1)*(size-1) >= n || len(groups) > size+n/size {
				t.Errorf("%d peers: a group of %d among %d groups", n, size, len(groups))
			}
		}
	}
}

// Members of other releases send and read these bytes.
func TestFault31_GoldenTree(t *testing.T) {
	push := pushOf(t, "a")
	relay := append(appendText(appendText([]byte{byte(kindRelay)}, "b@1"), "c@2"), push[1:]...)
	if got := golden(t, "relay.hex"); !slices.Equal(got, relay) {
		t.Errorf("relay: sent is\n%x, want\n%x", relay, got)
	}
	first, last, read, err := decodeRelay(relay[1:], membership.WireVersion)
	if err != nil || first != "b@1" || last != "c@2" || !reflect.DeepEqual(read.record, recordOf("a")) || read.from != netip.MustParseAddrPort("10.0.0.7:7946") {
		t.Errorf("relay: read as %q, %q, %+v, %v", first, last, read, err)
	}

	passed := encodeBranch(identity{"a", 0xc0ffee}, mustEncode(t, recordOf("b")))
	if got := golden(t, "branch.hex"); !slices.Equal(got, passed) {
		t.Errorf("branch: sent is\n%x, want\n%x", passed, got)
	}
	from, record, err := decodeBranch(passed[1:], membership.WireVersion)
	if err != nil || from != (identity{"a", 0xc0ffee}) || !reflect.DeepEqual(record, recordOf("b")) {
		t.Errorf("branch: read as %v, %+v, %v", from, record, err)
	}

	confirmed := relayedMessage{identity{"a", 0xc0ffee}, 7, []uint64{1, 0xbeef}}
	if got := golden(t, "relayed.hex"); !slices.Equal(got, confirmed.encode()) {
		t.Errorf("relayed: sent is\n%x, want\n%x", confirmed.encode(), got)
	}
	if got, err := decodeRelayed(confirmed.encode()[1:]); err != nil || !reflect.DeepEqual(got, confirmed) {
		t.Errorf("relayed: read as %+v, %v", got, err)
	}
}

func TestTreeRefused(t *testing.T) {
	push := pushOf(t, "a")
	relay := append(appendText(appendText(nil, "b@1"), "c@2"), push[1:]...)
	for end := range relay {
		if _, _, read, err := decodeRelay(relay[:end], membership.WireVersion); err == nil {
			t.Errorf("the first %d bytes of a relay: %+v", end, read)
		}
	}
	branch := encodeBranch(identity{"a", 1}, mustEncode(t, recordOf("b")))[1:]
	for end := range branch {
		if _, record, err := decodeBranch(branch[:end], membership.WireVersion); !errors.Is(err, errMalformed) {
			t.Errorf("the first %d bytes of a branch: %+v, %v", end, record, err)
		}
	}
	relayed := relayedMessage{identity{"a", 1}, 7, []uint64{1, 2}}.encode()[1:]
	for end := range relayed {
		fewer := len(relayed)-end == 8 || len(relayed)-end == 16
		if m, err := decodeRelayed(relayed[:end]); (err == nil) != fewer {
			t.Errorf("the first %d bytes of a confirmation: %+v, %v", end, m, err)
		}
	}
	many := relayedMessage{identity{"a", 1}, 7, make([]uint64, mostBranch+1)}.encode()[1:]
	if _, err := decodeRelayed(many); !errors.Is(err, errMalformed) {
		t.Errorf("more than a relay may confirm: %v", err)
	}
}

// TestRelayConfirmsForItsOwnGroup has a peer confirm for members that are not in its group.
func TestRelayConfirmsForItsOwnGroup(t *testing.T) {
	p := newPusher(nil)
	a, b, c := identity{"a", 1}, identity{"b", 2}, identity{"c", 3}
	for _, id := range []identity{a, b, c} {
		p.peers[id] = &peer{acked: 1, tried: 5}
	}
	p.branches[a] = []identity{a, b}
	p.relayed(relayedMessage{a, 5, []uint64{2, 3}})
	p.relayed(relayedMessage{c, 5, []uint64{1, 3}})
	if got := []uint64{p.peers[a].acked, p.peers[b].acked, p.peers[c].acked}; !slices.Equal(got, []uint64{1, 5, 1}) {
		t.Errorf("they are known to have versions %v, want 1, 5, 1", got)
	}
}
