package cluster

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"

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
	if got := fullState.encode(leastRoom); !bytes.Equal(got, frame) {
		t.Errorf("told is\n%x, want\n%x", got, frame)
	}
	if got, err := decodeState(frame); err != nil || !reflect.DeepEqual(got, fullState) {
		t.Errorf("read as %+v, %v", got, err)
	}
}

func TestFault31_GoldenHeads(t *testing.T) {
	frame := golden(t, "heads.hex")
	if got := fullHeads.encode(); !bytes.Equal(got, frame) {
		t.Errorf("sent is\n%x, want\n%x", got, frame)
	}
	if got, err := decodeHeadsMessage(frame[1:]); err != nil || !reflect.DeepEqual(got, fullHeads) {
		t.Errorf("read as %+v, %v", got, err)
	}
}

func TestFault31_GoldenWant(t *testing.T) {
	frame := golden(t, "want.hex")
	if got := fullWant.encode(); !bytes.Equal(got, frame) {
		t.Errorf("sent is\n%x, want\n%x", got, frame)
	}
	if got, err := decodeWant(frame[1:]); err != nil || !reflect.DeepEqual(got, fullWant) {
		t.Errorf("read as %+v, %v", got, err)
	}
}

func TestFault31_GoldenRecords(t *testing.T) {
	frame := golden(t, "records.hex")
	gone := membership.Heard{Record: recordOf("a"), Gone: time.Minute}
	if got := encodeRecords(fullWant.from, []membership.Heard{gone}, membership.WireVersion); len(got) != 1 || !bytes.Equal(got[0], frame) {
		t.Errorf("sent is\n%x, want\n%x", got, frame)
	}
	got, err := decodeRecords(frame[1:], membership.WireVersion)
	if err != nil || !reflect.DeepEqual(got, recordsMessage{fullWant.from, []membership.Heard{gone}}) {
		t.Errorf("read as %+v, %v", got, err)
	}
}

func TestFault31_GoldenDigest(t *testing.T) {
	frame := golden(t, "digest.hex")
	if got := encodeDigest(0xc0ffee); !bytes.Equal(got, frame) {
		t.Errorf("sent is\n%x, want\n%x", got, frame)
	}
	if got, ok := decodeDigest(frame); got != 0xc0ffee || !ok {
		t.Errorf("read as %x, %v", got, ok)
	}
	for _, other := range [][]byte{nil, frame[:8], append([]byte{digestVersion + 1}, frame[1:]...), append(frame[:9:9], 0)} {
		if got, ok := decodeDigest(other); ok {
			t.Errorf("%x is read as %x", other, got)
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

func TestFault31_GoldenLoad(t *testing.T) {
	question, answer, unknown := golden(t, "load-question.hex"), golden(t, "load-answer.hex"), golden(t, "load-unknown.hex")
	asked := loadQuestion{0x0123456789abcdef, serviceKey("users")}
	if got := asked.encode(); !bytes.Equal(got, question) {
		t.Errorf("asked is\n%x, want\n%x", got, question)
	}
	if got, err := decodeLoadQuestion(question[1:]); err != nil || got != asked {
		t.Errorf("read as %+v, %v", got, err)
	}
	for _, tt := range []struct {
		frame []byte
		want  loadAnswer
	}{{answer, loadAnswer{asked.id, 12, true}}, {unknown, loadAnswer{id: asked.id}}} {
		if got := tt.want.encode(); !bytes.Equal(got, tt.frame) {
			t.Errorf("answered is\n%x, want\n%x", got, tt.frame)
		}
		if got, err := decodeLoadAnswer(tt.frame[1:]); err != nil || got != tt.want {
			t.Errorf("read as %+v, %v", got, err)
		}
	}
}
