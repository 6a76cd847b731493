package cluster

import "encoding/binary"

// What the ack of a probe carries: a version, and the digest of all that the probed member knows.
const digestVersion = 1

func encodeDigest(digest uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{digestVersion}, digest)
}

// decodeDigest gives nothing for what a member of another release may say.
func decodeDigest(payload []byte) (digest uint64, ok bool) {
	if len(payload) != 1+8 || payload[0] != digestVersion {
		return 0, false
	}
	return binary.BigEndian.Uint64(payload[1:]), true
}
