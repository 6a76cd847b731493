package transport

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
)

// purpose is what a connection is for.
type purpose byte

const (
	forKeys   purpose = 1 + iota // nothing more: the datagrams of the pair are keyed
	forLink                      // frames of any kind, both ways
	forStream                    // one exchange of memberlist's
	forWatch                     // to notice its end
)

// version is that of everything in this package: the protocol that is agreed on, hello, frames and datagrams.
const version = 1

// clusterTag stands for the name of a cluster: members tell clusters apart without telling the names to strangers.
type clusterTag [8]byte

func tagOf(cluster string) (tag clusterTag) {
	sum := sha256.Sum256([]byte("grapevine cluster " + cluster))
	copy(tag[:], sum[:])
	return tag
}

// hello is what each side says first, whoever dials before the other. It is sealed where anything is.
type hello struct {
	version  byte
	tag      clusterTag
	versions Versions
	purpose  purpose
	id       string // name@boot
	address  string // host:port, where it is dialled
}

const (
	helloMagic    = "grapevine"
	largestHello  = 512 // bytes after the magic and the length
	mostIdentity  = 128 // bytes
	mostAddress   = 64  // bytes: an IPv6 address with its zone, and a port
	helloOverhead = len(helloMagic) + 2
)

// sender is who says it, and where it is dialled.
func (h hello) sender() Address { return Address{Addr: h.address, Name: h.id} }

// encode puts in front what tells a stranger's connection from a member's, and how much follows.
func (h hello) encode() []byte {
	body := append([]byte{h.version}, h.tag[:]...)
	body = append(body, h.versions.Oldest, h.versions.Newest, byte(h.purpose))
	body = append(append(body, byte(len(h.id))), h.id...)
	body = append(append(body, byte(len(h.address))), h.address...)
	return append(binary.BigEndian.AppendUint16([]byte(helloMagic), uint16(len(body))), body...)
}

// readHello reads no further than the hello goes.
func readHello(from io.Reader) (hello, error) {
	var start [helloOverhead]byte
	if _, err := io.ReadFull(from, start[:1]); err != nil {
		return hello{}, err
	}
	if start[0] == tlsHandshake || start[0] == tlsAlert {
		return hello{}, &RefusedError{Reason: ReasonPlain, Detail: "it seals its traffic, this member has neither secret nor certificate"}
	}
	if _, err := io.ReadFull(from, start[1:]); err != nil {
		return hello{}, err
	}
	if string(start[:len(helloMagic)]) != helloMagic {
		return hello{}, &RefusedError{Reason: ReasonGarbage, Detail: "it does not speak this protocol"}
	}
	size := int(binary.BigEndian.Uint16(start[len(helloMagic):]))
	if size > largestHello {
		return hello{}, fmt.Errorf("%w: a hello of %d bytes, %d at most", errMalformed, size, largestHello)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(from, body); err != nil {
		return hello{}, err
	}
	return decodeHello(body)
}

// The first byte of a TLS connection, and of one that is refused (RFC 8446, section 5.1).
const (
	tlsHandshake = 22
	tlsAlert     = 21
)

// notAcceptedHello is sent in place of a hello to a side whose certificate is not accepted.
var notAcceptedHello = append([]byte(helloMagic), 0, 1, 0)

func decodeHello(body []byte) (h hello, err error) {
	const fixed = 1 + len(h.tag) + 3
	if len(body) == 1 && body[0] == 0 {
		return h, errNotAccepted
	}
	if len(body) < fixed {
		return h, fmt.Errorf("%w: a hello of %d bytes", errMalformed, len(body))
	}
	h.version = body[0]
	copy(h.tag[:], body[1:])
	h.versions = Versions{body[fixed-3], body[fixed-2]}
	h.purpose = purpose(body[fixed-1])
	id, rest, ok1 := cutText(body[fixed:], mostIdentity)
	address, rest, ok2 := cutText(rest, mostAddress)
	if !ok1 || !ok2 || nameOf(id) == "" || !printable(id) {
		return h, fmt.Errorf("%w: a hello that is cut short, or has an identity without a name or that cannot be printed", errMalformed)
	}
	if len(rest) > 0 && h.version == version { // a later one may say more
		return h, fmt.Errorf("%w: a hello with %d bytes too many", errMalformed, len(rest))
	}
	if _, err := netip.ParseAddrPort(address); err != nil {
		return h, fmt.Errorf("%w: a hello without an address", errMalformed)
	}
	h.id, h.address = id, address
	return h, nil
}

// cutText takes a length of one byte and as many bytes off the front.
func cutText(buf []byte, most int) (text string, rest []byte, ok bool) {
	if len(buf) == 0 || int(buf[0]) > most || len(buf) < 1+int(buf[0]) {
		return "", nil, false
	}
	end := 1 + int(buf[0])
	return string(buf[1:end]), buf[end:], true
}

// printable says whether s is ASCII that can be shown as it is.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
