package transport

// The first byte of a datagram. None of memberlist's own packets begins with one of these.
const (
	plainDatagram  = 0xc1 // the tag of the cluster, the kind and the message follow
	sealedDatagram = 0xc2 // the key's ID, the counter and the sealed kind and message follow
)

const (
	plainHeader  = 1 + len(clusterTag{})
	sealedHeader = 1 + keyIDSize + counterSize

	// largestDatagram keeps packets below the smallest MTU that is common on real paths, IPv6 tunnels included.
	largestDatagram = 1200

	// MaxDatagram is how many bytes of a message fit into a datagram; larger messages go by stream.
	MaxDatagram = largestDatagram - sealedHeader - 1 - tagSize
)

// sealPlain gives the datagram that carries a message where nothing is sealed.
func sealPlain(tag clusterTag, kind Kind, payload []byte) []byte {
	datagram := make([]byte, 0, plainHeader+1+len(payload))
	datagram = append(append(datagram, plainDatagram), tag[:]...)
	return append(append(datagram, byte(kind)), payload...)
}
