package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// What messages between members are; the kind is their first byte.
const (
	kindRecord       transport.Kind = 1 + iota // the sender's address, its metadata for memberlist, and its record follow
	kindAck                                    // from has what note says of the receiver's name
	kindAccuse                                 // from found subject gone
	kindProbe                                  // subject should listen here: whoever does, tell the sender
	kindAnswer                                 // from listens where subject was looked for
	kindInsist                                 // as kindRecord, to be acknowledged by stream: datagrams do not seem to pass
	kindHeads                                  // headsMessage
	kindWant                                   // wantMessage
	kindRecords                                // recordsMessage
	kindRelay                                  // a range of peers, and what follows kindRecord: to be passed on to those
	kindBranch                                 // the sender, and the record that it passes on
	kindRelayed                                // relayedMessage
	kindSeen                                   // from had a record pushed by whoever advertises one address, and is seen at another: replyTo
	kindLoadQuestion                           // loadQuestion
	kindLoadAnswer                             // loadAnswer
)

// note is what the kinds from kindAck to kindAnswer carry, and kindSeen; a kind leaves empty what it does not need.
type note struct {
	from    identity
	subject identity
	boot    membership.Boot // kindAck: the newest boot of the receiver's name that is known

	// version is, of kindAck, that of the record which is known; of kindAccuse, tellsAll and
	// foundProof; of kindProbe and kindAnswer, a nonce.
	version uint64

	// replyTo is, of kindSeen, host:port; of kindProbe, the sender's, which older releases need and
	// this one ignores; of kindAck, the checksum of a record that came by way of a relay.
	replyTo string
}

// largestNote is a bound on every note: two identities, an address and three numbers, with room to spare.
const largestNote = 512

var errMalformed = errors.New("malformed message")

func (m note) encode(kind transport.Kind) []byte {
	buf := appendText([]byte{byte(kind)}, m.from.String())
	buf = appendText(buf, m.subject.String())
	buf = binary.BigEndian.AppendUint64(buf, m.boot.Number)
	buf = binary.BigEndian.AppendUint64(buf, m.boot.ID)
	buf = binary.BigEndian.AppendUint64(buf, m.version)
	return appendText(buf, m.replyTo)
}

func appendText(buf []byte, s string) []byte { return append(append(buf, byte(len(s))), s...) }

// appendPush is what precedes the record.
func appendPush(buf []byte, from netip.AddrPort, meta []byte) []byte {
	return appendText(appendText(buf, from.String()), string(meta))
}

// decodePush parses what follows the kind, for a release whose newest wire version that is.
func decodePush(buf []byte, newest byte) (push pushEvent, err error) {
	from, buf, ok1 := cutText(buf)
	meta, buf, ok2 := cutText(buf)
	if !ok1 || !ok2 {
		return push, errMalformed
	}
	if push.from, err = netip.ParseAddrPort(from); err != nil {
		return push, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if push.from.Port() == 0 || push.from.Addr().IsUnspecified() || push.from.Addr().Zone() != "" { // memberlist is told of it
		return push, fmt.Errorf("%w: it is said to be at %v", errMalformed, push.from)
	}
	push.meta = []byte(meta)
	push.record, err = decodeRecord(buf, newest)
	return push, err
}

// decodeNote parses what follows the kind.
func decodeNote(buf []byte) (m note, err error) {
	if len(buf) > largestNote {
		return m, errMalformed
	}
	from, buf, ok1 := cutText(buf)
	subject, buf, ok2 := cutText(buf)
	if !ok1 || !ok2 || len(buf) < 3*8 {
		return m, errMalformed
	}
	m.boot = membership.Boot{Number: binary.BigEndian.Uint64(buf), ID: binary.BigEndian.Uint64(buf[8:])}
	m.version = binary.BigEndian.Uint64(buf[16:])
	if m.boot.Number >= membership.NumberLimit || m.version >= membership.NumberLimit {
		return m, fmt.Errorf("%w: boot number %d and version %d must be below 2^62", errMalformed, m.boot.Number, m.version)
	}
	replyTo, rest, ok := cutText(buf[24:])
	if !ok || len(rest) > 0 {
		return m, errMalformed
	}
	m.replyTo = replyTo
	if m.from, err = parseIdentity(from); err != nil {
		return m, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if m.subject, err = parseIdentity(subject); err != nil {
		return m, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return m, nil
}

// cutIdentity takes the text of an identity off the front.
func cutIdentity(buf []byte) (id identity, rest []byte, err error) {
	text, rest, ok := cutText(buf)
	if !ok {
		return id, nil, errMalformed
	}
	if id, err = parseIdentity(text); err != nil {
		return id, nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return id, rest, nil
}

// cutText takes a length of one byte and as many bytes off the front.
func cutText(buf []byte) (text string, rest []byte, ok bool) {
	if len(buf) == 0 || len(buf) < 1+int(buf[0]) {
		return "", nil, false
	}
	end := 1 + int(buf[0])
	return string(buf[1:end]), buf[end:], true
}
