package cluster

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/memberlist"
)

// vouched is the transport as memberlist sees it. Between the packets from the network, memberlist finds news in its own
// words of members that this node has heard from: whoever pushes its record is alive, and memberlist, which gossips each
// piece of news a few times to members chosen at random, may not get to know it for seconds.
type vouched struct {
	Transport
	packets chan *Packet
	seal    func([]byte) []byte
}

// waitingPackets is how many packets wait for memberlist.
const waitingPackets = 256

func newVouched(t Transport, label string, key []byte) *vouched {
	return &vouched{t, make(chan *Packet, waitingPackets), func(message []byte) []byte { return sealPacket(message, label, key) }}
}

func (v *vouched) PacketCh() <-chan *Packet { return v.packets }

// forward passes on what comes from the network.
func (v *vouched) forward(ctx context.Context) {
	for {
		select {
		case packet := <-v.Transport.PacketCh():
			select {
			case v.packets <- packet:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// vouch tells memberlist of a member that lives. It changes nothing for one that memberlist knows, also as dead: only
// the member itself can contradict that. What is too much for memberlist is dropped: the member pushes again.
func (v *vouched) vouch(id identity, at netip.AddrPort, meta []byte) {
	message := v.seal(encodeAlive(id, at, meta))
	select {
	case v.packets <- &Packet{Buf: message, From: net.UDPAddrFromAddrPort(at), Timestamp: time.Now()}:
	default:
	}
}

// aliveMessage is the number of memberlist's message with which a member says that it lives.
const aliveMessage = 4

var messagePack codec.MsgpackHandle // with memberlist's settings

// encodeAlive says it in the words of memberlist's first incarnation of a member, the lowest there is.
func encodeAlive(id identity, at netip.AddrPort, meta []byte) []byte {
	buf := bytes.NewBuffer([]byte{aliveMessage})
	_ = codec.NewEncoder(buf, &messagePack).Encode(struct { // to memory, which does not fail
		Incarnation uint32
		Node        string
		Addr        []byte
		Port        uint16
		Meta        []byte
		Vsn         []byte // least, most and current version of memberlist's protocol, and of the delegate's
	}{1, id.String(), at.Addr().AsSlice(), at.Port(), meta,
		[]byte{memberlist.ProtocolVersionMin, memberlist.ProtocolVersionMax, memberlist.ProtocolVersion2Compatible, 0, 0, 0}})
	return buf.Bytes()
}

// sealPacket gives a packet the form in which memberlist expects it from the network: encrypted with AES-GCM, where it
// has a key, and labelled.
func sealPacket(message []byte, label string, key []byte) []byte {
	if key != nil {
		const unpadded = 1 // the version of memberlist's encryption
		block, _ := aes.NewCipher(key)
		gcm, _ := cipher.NewGCM(block) // neither fails with a key that memberlist took
		nonce := make([]byte, gcm.NonceSize())
		rand.Read(nonce)
		message = append([]byte{unpadded}, gcm.Seal(nonce, nonce, message, []byte(label))...)
	}
	labelled, _ := memberlist.AddLabelHeaderToPacket(message, label) // fails with labels that memberlist would not take
	return labelled
}
