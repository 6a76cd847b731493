package cluster

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// seen is a sighting of recordOf(name), which lives, as far as a state tells of it.
func seen(name string) sighting {
	return sighting{membership.Heard{Record: inOldestForm(recordOf(name))}, "10.0.0.7:7946"}
}

// inOldestForm is what is known of r once it went through a state.
func inOldestForm(r membership.Record) membership.Record {
	encoded, err1 := r.Encode(nil, membership.OldestWireVersion)
	known, err2 := membership.DecodeRecord(encoded)
	if err := cmp.Or(err1, err2); err != nil {
		panic(err) // the test's own record
	}
	return known
}

func TestStateRoundTrip(t *testing.T) {
	dead := sighting{membership.Heard{Record: inOldestForm(recordOf("b")), Gone: 90 * time.Second}, ""}
	onIPv6 := seen("c")
	onIPv6.address = "[fd00::7]:7946"
	got, err := decodeState(encodeState(seen("self"), []sighting{seen("a"), dead, onIPv6}, leastRoom), membership.WireVersion)
	if want := []sighting{seen("self"), seen("a"), dead, onIPv6}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decodeState = %+v, %v, want %+v", got, err, want)
	}
}

// TestSightings holds that a member tells of itself first, and once.
func TestSightings(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	record := recordOf("a")
	n.handle([]event{upEvent{identityOf(record), "10.0.0.7:7946", membership.WireVersion}, pushEvent{record: recordOf("b")},
		syncEvent{[]sighting{seen("a")}}})
	own, others := n.sightings()
	if own.Record.Name != "self" || own.address != n.Address() || len(others) != 2 {
		t.Fatalf("sightings = %+v, %+v", own, others)
	}
	for _, other := range others {
		want := map[string]string{"a": "10.0.0.7:7946", "b": ""}[other.Record.Name] // nobody said that b lives
		if other.address != want {
			t.Errorf("%s is told to live at %q, want %q", other.Record.Name, other.address, want)
		}
	}
}

func TestStateRefused(t *testing.T) {
	whole := encodeState(seen("self"), []sighting{seen("a")}, leastRoom)
	boundary := len(encodeState(seen("self"), nil, leastRoom))
	for end := range whole {
		known, err := decodeState(whole[:end], membership.WireVersion)
		fewer := end == 1 || end == boundary // a state of fewer records, for all that anyone can tell
		if (err == nil) != fewer || len(known) > 1 {
			t.Errorf("the first %d bytes: %d records, %v", end, len(known), err)
		}
	}
	if _, err := decodeState([]byte{stateVersion + 1}, membership.WireVersion); !errors.Is(err, errMalformed) {
		t.Errorf("a state of another version: %v", err)
	}
	for _, address := range []string{"10.0.0.7", "node.example:7946", "\x1b", strings.Repeat("a", 255)} {
		bad := seen("a")
		bad.address = address
		if known, err := decodeState(encodeState(bad, nil, leastRoom), membership.WireVersion); !errors.Is(err, errMalformed) || len(known) > 0 {
			t.Errorf("a member at %q: %v, %v", address, known, err)
		}
	}
}

func TestFault42_HugeLength(t *testing.T) {
	huge := func(gone, size uint64) []byte {
		state := binary.AppendUvarint([]byte{stateVersion}, gone)
		state = appendText(state, "")
		return append(binary.AppendUvarint(state, size), mustEncode(t, recordOf("a"))...)
	}
	for name, state := range map[string][]byte{
		"record of 2^64-1 bytes":       huge(0, math.MaxUint64),
		"record of 2^63 bytes":         huge(0, 1<<63),
		"record of 1 MiB":              huge(0, 1<<20),
		"gone for 2^64-1 seconds":      huge(math.MaxUint64, uint64(len(mustEncode(t, recordOf("a"))))),
		"address of 255 bytes, cut":    {stateVersion, 0, 255, 'a'},
		"an age that does not end":     append([]byte{stateVersion}, strings.Repeat("\xff", 64)...),
		"a length that does not end":   append([]byte{stateVersion, 0, 0}, strings.Repeat("\xff", 64)...),
		"a length that ends too early": {stateVersion, 0, 0},
	} {
		if known, err := decodeState(state, membership.WireVersion); err == nil || len(known) > 0 {
			t.Errorf("%s: %d records, %v", name, len(known), err)
		}
		if allocated := testing.AllocsPerRun(10, func() { decodeState(state, membership.WireVersion) }); allocated > 10 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}

// TestStateIsBounded holds that a state leaves room for what memberlist says beside it, in one message.
func TestStateIsBounded(t *testing.T) {
	large := seen("a")
	large.Record.Metadata = map[string]string{"k": strings.Repeat("v", 60<<10)}
	others := make([]sighting, 150)
	for i := range others {
		others[i] = large
	}
	for nodes, least := range map[int]int{1: 14, 150: 13, 2000: 4, 5000: 1} {
		room := stateRoom(nodes)
		state := encodeState(seen("self"), others, room)
		got, err := decodeState(state, membership.WireVersion)
		if err != nil || len(state) > room || len(got) < least || got[0].Record.Name != "self" {
			t.Errorf("%d nodes: %d records in %d bytes, %v; want at most %d bytes and at least %d records, this member's own first",
				nodes, len(got), len(state), err, room, least)
		}
		if nodes <= 2000 && room+nodes*nodeState > transport.MaxStream {
			t.Errorf("%d nodes: no room for them beside a state of %d bytes", nodes, room)
		}
	}
}
