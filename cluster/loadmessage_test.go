package cluster

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

func TestLoadQuestionRoundTrip(t *testing.T) {
	for _, want := range []loadQuestion{{}, {7, serviceKey("users")}, {math.MaxUint64, math.MaxUint64}} {
		encoded := want.encode()
		if got, err := decodeLoadQuestion(encoded[1:]); got != want || err != nil || encoded[0] != byte(kindLoadQuestion) {
			t.Errorf("%+v becomes %+v, %v", want, got, err)
		}
	}
}

func TestLoadAnswerRoundTrip(t *testing.T) {
	for sent, want := range map[loadAnswer]loadAnswer{
		{}:                            {},
		{id: 7, known: true}:          {id: 7, known: true},
		{7, 12, true}:                 {7, 12, true},
		{7, 12, false}:                {id: 7},
		{7, -12, true}:                {7, 0, true},
		{math.MaxUint64, 1, true}:     {math.MaxUint64, 1, true},
		{7, math.MaxInt64, true}:      {7, math.MaxInt64, true},
		{math.MaxUint64, -1, false}:   {id: math.MaxUint64},
		{id: 1 << 63, inFlight: 1e15}: {id: 1 << 63},
	} {
		encoded := sent.encode()
		if got, err := decodeLoadAnswer(encoded[1:]); got != want || err != nil || encoded[0] != byte(kindLoadAnswer) {
			t.Errorf("%+v becomes %+v, %v, want %+v", sent, got, err, want)
		}
		if question := (loadQuestion{id: sent.id}).encode(); len(encoded) > len(question) {
			t.Errorf("an answer of %d bytes to a question of %d", len(encoded), len(question))
		}
	}
}

func TestLoadMessagesRefused(t *testing.T) {
	whole := loadAnswer{7, 12, true}.encode()[1:]
	for name, body := range map[string][]byte{
		"nothing": nil, "one byte less": whole[:15], "one byte more": append(bytes.Clone(whole), 0), "large": make([]byte, 1000),
	} {
		if _, err := decodeLoadQuestion(body); !errors.Is(err, errMalformed) {
			t.Errorf("a question, %s: %v", name, err)
		}
		if _, err := decodeLoadAnswer(body); !errors.Is(err, errMalformed) {
			t.Errorf("an answer, %s: %v", name, err)
		}
	}
	if a, err := decodeLoadAnswer(append(bytes.Clone(whole[:8]), 0x80, 0, 0, 0, 0, 0, 0, 0)); !errors.Is(err, errMalformed) {
		t.Errorf("a negative number: %+v, %v", a, err)
	}
}
