package cluster

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// headOf is the head of recordOf(name), which lives.
func headOf(name string) membership.Head {
	r := recordOf(name)
	return membership.Head{Name: name, Boot: r.Boot, Version: r.Version, State: r.State, Form: membership.WireVersion, Address: "10.0.0.7:7946"}
}

// goneHead is one of a member that is gone.
func goneHead(name string) membership.Head {
	h := headOf(name)
	h.Gone, h.Address = 90*time.Second, ""
	return h
}

var fullState = state{identity{"a", 0xc0ffee}, 0xfeed, []membership.Head{headOf("a"), goneHead("b")}}

func TestStateRoundTrip(t *testing.T) {
	for _, want := range []state{fullState, {identity{"a", 1}, 0, nil}} {
		if got, err := decodeState(want.encode(leastRoom)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("decodeState = %+v, %v, want %+v", got, err, want)
		}
	}
}

// TestStateOfANode holds that a member tells of itself first, and once, and of all it knows only on a join.
func TestStateOfANode(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	record := recordOf("a")
	n.handle([]event{upEvent{identityOf(record), "10.0.0.7:7946", membership.WireVersion, true}, pushEvent{record: record}, pushEvent{record: recordOf("b")}})
	s := n.state(true)
	if len(s.heads) != 3 || s.heads[0].Name != "self" || s.heads[0].Address != n.Address() {
		t.Fatalf("heads %+v", s.heads)
	}
	for _, h := range s.heads[1:] {
		want := map[string]string{"a": "10.0.0.7:7946", "b": ""}[h.Name] // nobody said that b lives
		if h.Address != want || (h.Gone > 0) != (want == "") {
			t.Errorf("%s is told to live at %q and to be gone for %v, want %q", h.Name, h.Address, h.Gone, want)
		}
	}
	if brief := n.state(false); len(brief.heads) > 0 || brief.digest != s.digest || brief.digest == 0 {
		t.Errorf("without a join: %+v", brief)
	}
}

func TestStateRefused(t *testing.T) {
	whole := fullState.encode(leastRoom)
	empty := len(state{from: fullState.from}.encode(leastRoom))
	boundary := empty + len(fullState.heads[0].Append(nil))
	for end := range whole {
		s, err := decodeState(whole[:end])
		fewer := end == empty || end == boundary // a state of fewer heads, for all that anyone can tell
		if (err == nil) != fewer || len(s.heads) > 1 {
			t.Errorf("the first %d bytes: %+v, %v", end, s, err)
		}
	}
	for name, refused := range map[string][]byte{
		"another version": append([]byte{stateVersion + 1}, whole[1:]...),
		"nobody":          append([]byte{stateVersion, 0}, whole[1:]...),
		"nothing":         nil,
	} {
		if s, err := decodeState(refused); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// TestStateIsBounded holds that a state leaves room for what memberlist says beside it, in one message.
func TestStateIsBounded(t *testing.T) {
	s := fullState
	for i := range 6000 {
		s.heads = append(s.heads, headOf(fmt.Sprintf("%s-%d", strings.Repeat("n", 50), i)))
	}
	for nodes, least := range map[int]int{1: 6000, 150: 6000, 2000: 4000, 5000: 1300} {
		room := stateRoom(nodes)
		encoded := s.encode(room)
		got, err := decodeState(encoded)
		if err != nil || len(encoded) > room || len(got.heads) < least || got.heads[0].Name != "a" {
			t.Errorf("%d nodes: %d heads in %d bytes, %v; want at most %d bytes and at least %d heads, this member's own first",
				nodes, len(got.heads), len(encoded), err, room, least)
		}
		if nodes <= 2000 && room+nodes*nodeState > transport.MaxStream {
			t.Errorf("%d nodes: no room for them beside a state of %d bytes", nodes, room)
		}
	}
}
