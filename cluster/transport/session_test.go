package transport

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// sessionPair gives both ends of a session, as one connection would have keyed them.
func sessionPair() (dialler, acceptor *session) {
	dialler, acceptor = &session{id: keyID{1, 2, 3}}, &session{id: keyID{1, 2, 3}}
	for i := range keySize {
		dialler.keys[toSeal][i], dialler.keys[toOpen][i] = byte(i), byte(100+i)
	}
	acceptor.keys[toSeal], acceptor.keys[toOpen] = dialler.keys[toOpen], dialler.keys[toSeal]
	return dialler, acceptor
}

func TestSession(t *testing.T) {
	a, b := sessionPair()
	now := time.Now()
	for _, size := range []int{0, 1, MaxDatagram} {
		payload := bytes.Repeat([]byte{7}, size)
		datagram := a.seal(kindPacket, payload, now)
		if len(datagram) > largestDatagram || bytes.Contains(datagram, []byte{7, 7, 7, 7}) {
			t.Errorf("%d bytes are sealed in %d, or can be read", size, len(datagram))
		}
		kind, got, err := b.open(datagram, now)
		if err != nil || kind != kindPacket || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes: opened as %d bytes of kind %x, %v", size, len(got), kind, err)
		}
	}
}

func TestSessionOverLongTime(t *testing.T) {
	a, b := sessionPair()
	now := time.Now()
	for i := range 10 {
		if _, _, err := b.open(a.seal(kindPacket, nil, now), now); err != nil {
			t.Fatalf("datagram %d: %v", i, err)
		}
		now = now.Add(2 * aeadIdle)
		a.rest(now)
		b.rest(now)
		if a.aeads[toSeal] != nil || b.aeads[toOpen] != nil {
			t.Error("a cipher that was not used for long is kept")
		}
	}
}

func TestFault39_SessionOpensOnce(t *testing.T) {
	a, b := sessionPair()
	now := time.Now()
	first := a.seal(kindPacket, []byte("first"), now)
	for range windowSize {
		b.open(a.seal(kindPacket, nil, now), now)
	}
	late := a.seal(kindPacket, []byte("late"), now)
	last := a.seal(kindPacket, []byte("last"), now)
	if _, _, err := b.open(slices.Clone(first), now); err != errReplayed {
		t.Errorf("too old to tell: %v, want %v", err, errReplayed)
	}
	for _, datagram := range [][]byte{last, late} {
		if _, _, err := b.open(slices.Clone(datagram), now); err != nil {
			t.Errorf("out of order: %v", err)
		}
		if _, _, err := b.open(slices.Clone(datagram), now); err != errReplayed {
			t.Errorf("again: %v, want %v", err, errReplayed)
		}
	}
	if _, _, err := a.open(a.seal(kindPacket, nil, now), now); err != errForged {
		t.Errorf("sent back to its sender: %v, want %v", err, errForged)
	}
}

// TestSessionRefusesChanges flips every bit: none passes, and none keeps the datagram itself from passing.
func TestSessionRefusesChanges(t *testing.T) {
	a, b := sessionPair()
	now := time.Now()
	datagram := a.seal(kindPacket, []byte("payload"), now)
	for bit := 8 * (1 + keyIDSize); bit < 8*len(datagram); bit++ {
		changed := slices.Clone(datagram)
		changed[bit/8] ^= 1 << (bit % 8)
		if _, _, err := b.open(changed, now); err == nil {
			t.Errorf("bit %d may be changed", bit)
		}
	}
	for end := sealedHeader; end < len(datagram); end++ {
		if _, _, err := b.open(slices.Clone(datagram[:end]), now); err == nil {
			t.Errorf("the first %d bytes pass", end)
		}
	}
	if _, _, err := b.open(datagram, now); err != nil {
		t.Errorf("the datagram itself: %v", err)
	}
}
