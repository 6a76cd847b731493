package dnsendpoint

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// TestSipHashVectors takes vectors of the reference implementation (vectors.h of SipHash): the key
// is 00 01 .. 0f, a message of n bytes is 00 01 .. n-1.
func TestSipHashVectors(t *testing.T) {
	var secret [16]byte
	message := make([]byte, 64)
	for i := range message {
		message[i] = byte(i)
	}
	copy(secret[:], message)
	for length, want := range map[int]string{
		0:  "310e0edd47db6f72",
		1:  "fd67dc93c539f874",
		7:  "37d1018bf50002ab",
		8:  "6224939a79f5f593",
		15: "e545be4961ca29a1",
		20: "98eea21af25cd6be",
		32: "ce7cf2722f512771",
		63: "724506eb4c328a95",
	} {
		var got [8]byte
		binary.LittleEndian.PutUint64(got[:], sipHash(sipKeyOf(secret), message[:length]))
		if hex.EncodeToString(got[:]) != want {
			t.Errorf("a message of %d bytes hashes to %x, want %s", length, got, want)
		}
	}
}
