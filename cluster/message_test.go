package cluster

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

var fullNote = note{
	from:    identity{"catalog-1", 1},
	subject: identity{"pricing-1", 0xc0ffee},
	boot:    membership.Boot{Number: 3, ID: 0xbeef},
	version: 7,
	replyTo: "[fd00::7]:7946",
}

func TestNoteRoundTrip(t *testing.T) {
	longest := identity{strings.Repeat("z", 63), math.MaxUint64}
	for name, want := range map[string]note{
		"full":   fullNote,
		"answer": {from: identity{"a", 1}, subject: identity{"b", 2}},
		"longest": {from: longest, subject: longest, boot: membership.Boot{Number: membership.NumberLimit - 1, ID: math.MaxUint64},
			version: membership.NumberLimit - 1, replyTo: strings.Repeat("a", 253) + ":1"},
	} {
		t.Run(name, func(t *testing.T) {
			encoded := want.encode(kindProbe)
			if encoded[0] != byte(kindProbe) || len(encoded) > 1+largestNote {
				t.Errorf("%d bytes of kind %d", len(encoded), encoded[0])
			}
			if got, err := decodeNote(encoded[1:]); err != nil || got != want {
				t.Errorf("decodeNote = %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestNoteRefused(t *testing.T) {
	whole := fullNote.encode(kindAck)[1:]
	for end := range whole {
		if m, err := decodeNote(whole[:end]); !errors.Is(err, errMalformed) {
			t.Errorf("the first %d bytes of %d: %+v, %v", end, len(whole), m, err)
		}
	}
	stranger := note{from: identity{"A", 1}, subject: fullNote.subject}
	for name, body := range map[string][]byte{
		"one byte more":  append(whole[:len(whole):len(whole)], 0),
		"from no name":   stranger.encode(kindAck)[1:],
		"about no name":  note{from: fullNote.subject, subject: identity{"", 1}}.encode(kindAck)[1:],
		"length too big": append([]byte{255}, whole[1:]...),
	} {
		if m, err := decodeNote(body); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}
