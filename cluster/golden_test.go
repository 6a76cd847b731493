package cluster

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"os"
	"reflect"
	"regexp"
	"testing"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

var comment = regexp.MustCompile(`#.*|\s`)

// golden reads a file of hexadecimal digits and comments.
func golden(t *testing.T, file string) []byte {
	t.Helper()
	text, err1 := os.ReadFile("testdata/golden/" + file)
	frame, err2 := hex.DecodeString(comment.ReplaceAllString(string(text), ""))
	if err := cmp.Or(err1, err2); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return frame
}

// Members of other releases send and read these bytes: a failure here means a cluster that cannot be upgraded.

func TestFault31_GoldenPushes(t *testing.T) {
	forms, err := encodeForms(pushPrefix(), recordOf("a"), membership.WireVersion)
	if err != nil {
		t.Fatal(err)
	}
	for version, file := range map[byte]string{1: "push-1.hex", 2: "push-2.hex"} {
		frame := golden(t, file)
		if !bytes.Equal(forms[version], frame) {
			t.Errorf("%s: sent is\n%x, want\n%x", file, forms[version], frame)
		}
		n := idleNode(t, zerolog.Nop())
		receive(n, frame)
		got := n.inbox.take()
		if want := recordOf("a"); len(got) != 1 || got[0].(pushEvent).record.Started.Equal(want.Started) != (version > 1) {
			t.Errorf("%s: read as %+v", file, got)
		}
	}
}

func TestFault31_GoldenState(t *testing.T) {
	frame := golden(t, "state.hex")
	if got := encodeState(sighting{membership.Heard{Record: recordOf("a")}, "10.0.0.7:7946"}, nil, leastRoom); !bytes.Equal(got, frame) {
		t.Errorf("told is\n%x, want\n%x", got, frame)
	}
	for wire := byte(membership.OldestWireVersion); wire <= membership.WireVersion; wire++ {
		if got, err := decodeState(frame, wire); err != nil || !reflect.DeepEqual(got, []sighting{seen("a")}) {
			t.Errorf("a release of wire version %d reads %+v, %v", wire, got, err)
		}
	}
}

func TestFault31_GoldenAck(t *testing.T) {
	frame := golden(t, "ack.hex")
	if got := fullNote.encode(kindAck); !bytes.Equal(got, frame) {
		t.Errorf("sent is\n%x, want\n%x", got, frame)
	}
	if got, err := decodeNote(frame[1:]); err != nil || got != fullNote {
		t.Errorf("read as %+v, %v", got, err)
	}
}
