package dnsendpoint

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
)

// sipKey is a secret of sipHash.
type sipKey [2]uint64

func newSipKey() sipKey {
	var random [16]byte
	rand.Read(random[:]) // ends the process rather than fail
	return sipKeyOf(random)
}

func sipKeyOf(secret [16]byte) sipKey {
	return sipKey{binary.LittleEndian.Uint64(secret[:8]), binary.LittleEndian.Uint64(secret[8:])}
}

// sipHash is SipHash-2-4 by Aumasson and Bernstein, the keyed hash that RFC 9018 prescribes for
// cookies. It allocates nothing.
func sipHash(key sipKey, message []byte) uint64 {
	h := sipState{
		key[0] ^ 0x736f6d6570736575,
		key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261,
		key[1] ^ 0x7465646279746573,
	}
	last := uint64(len(message)) << 56
	for ; len(message) >= 8; message = message[8:] {
		h.word(binary.LittleEndian.Uint64(message))
	}
	for i, b := range message {
		last |= uint64(b) << (8 * i)
	}
	h.word(last)
	h[2] ^= 0xff
	for range 4 {
		h.round()
	}
	return h[0] ^ h[1] ^ h[2] ^ h[3]
}

type sipState [4]uint64

func (h *sipState) word(m uint64) {
	h[3] ^= m
	h.round()
	h.round()
	h[0] ^= m
}

func (h *sipState) round() {
	h[0] += h[1]
	h[1] = bits.RotateLeft64(h[1], 13) ^ h[0]
	h[0] = bits.RotateLeft64(h[0], 32)
	h[2] += h[3]
	h[3] = bits.RotateLeft64(h[3], 16) ^ h[2]
	h[0] += h[3]
	h[3] = bits.RotateLeft64(h[3], 21) ^ h[0]
	h[2] += h[1]
	h[1] = bits.RotateLeft64(h[1], 17) ^ h[2]
	h[2] = bits.RotateLeft64(h[2], 32)
}
