package transport

import (
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/hashicorp/memberlist"
)

// The transport carries what the memberlist of package cluster sends, and nothing else. A memberlist
// that is set up in another way would lose messages, so that each thing it could lose is refused by
// its name: by New where it is seen in the config, by the sender, and by the receiver.

// The first byte of what is not carried (memberlist's net.go).
const (
	mlUser     byte = 8
	mlCompress byte = 9
	mlEncrypt  byte = 10
	mlLabel    byte = 244
)

// notCarried is a kind of message, and what to do instead.
type notCarried struct{ what, remedy string }

func (e *notCarried) Error() string { return e.what + " are not carried: " + e.remedy }

var (
	userMessages = &notCarried{"user messages",
		"use Send and Handle of the transport, not SendBestEffort, SendReliable or a Delegate's GetBroadcasts"}
	compressedMessages = &notCarried{"compressed messages", "set EnableCompression to false"}
	encryptedMessages  = &notCarried{"messages that memberlist encrypts",
		"leave SecretKey and Keyring empty, and give the transport an Identity"}
	labelledMessages = &notCarried{"labels", "leave Label empty, and use the transport's Cluster"}
	delegateVersions = &notCarried{"protocol versions of a Delegate",
		"leave DelegateProtocolVersion, DelegateProtocolMin and DelegateProtocolMax at 0"}
)

// kindError is the error for a message of a kind that memberlist must not see.
func kindError(kind byte, in string) error {
	var known error
	switch kind {
	case mlUser:
		known = userMessages
	case mlCompress:
		known = compressedMessages
	case mlEncrypt:
		known = encryptedMessages
	case mlLabel:
		known = labelledMessages
	default:
		return fmt.Errorf("%w: kind %d in a %s", errMalformed, kind, in)
	}
	return fmt.Errorf("%w: kind %d in a %s: %w", errMalformed, kind, in, known)
}

// checkConfig reports what the transport of self cannot carry for a memberlist of this config. What
// its Delegate will send is not to be seen; it is refused when it is sent.
func checkConfig(c *memberlist.Config, self string) error {
	refuse := func(field string, value any, remedy string) error {
		return fmt.Errorf("transport: memberlist's %s is %v: %s", field, value, remedy)
	}
	switch {
	case c.Name != self:
		return refuse("Name", fmt.Sprintf("%q", c.Name),
			fmt.Sprintf("names other than Self are not carried: use %q", self))
	case c.EnableCompression:
		return refuse("EnableCompression", true, compressedMessages.Error())
	case c.Label != "":
		return refuse("Label", fmt.Sprintf("%q", c.Label), labelledMessages.Error())
	case len(c.SecretKey) > 0:
		return refuse("SecretKey", "set", encryptedMessages.Error())
	case c.Keyring != nil:
		return refuse("Keyring", "set", encryptedMessages.Error())
	case c.DelegateProtocolVersion != 0 || c.DelegateProtocolMin != 0 || c.DelegateProtocolMax != 0:
		return refuse("DelegateProtocolVersion", fmt.Sprintf("%d, with %d to %d",
			c.DelegateProtocolVersion, c.DelegateProtocolMin, c.DelegateProtocolMax), delegateVersions.Error())
	}
	return nil
}

// mayCarry refuses a packet of memberlist's that the receiver would refuse.
func (t *Transport) mayCarry(b []byte) error {
	if !t.adopted.isAdopted() {
		return nil
	}
	if err := t.checkOwn(b); err != nil {
		return t.refuseOwn(err, "cluster: cannot send a packet")
	}
	return nil
}

// refuseOwn logs err, and returns it for the caller of memberlist.
func (t *Transport) refuseOwn(err error, message string) error {
	t.warnRefused(err, message)
	var known *notCarried
	if errors.As(err, &known) {
		err = known
	}
	return fmt.Errorf("transport: %w", err)
}

// checkOwn looks for what cannot be carried in a packet. The rest is as memberlist writes it.
func (t *Transport) checkOwn(b []byte) error {
	if len(b) > crcHeader && b[0] == mlCRC {
		b = b[1+crc32.Size:]
	}
	if len(b) > 0 && b[0] == mlCompound {
		return eachPart(b[1:], t.checkOwn)
	}
	if len(b) == 0 {
		return nil
	}
	switch b[0] {
	case mlUser, mlCompress, mlEncrypt, mlLabel:
		return kindError(b[0], "packet")
	case mlPing, mlIndirectPing:
		message := packetMessages[b[0]]
		if read, _, err := message.read(b[1:]); err == nil {
			return t.checkOwnName(read.value("SourceNode").text)
		}
	}
	return nil
}

// checkOwnName wants Self, or nothing.
func (t *Transport) checkOwnName(name []byte) error {
	if len(name) > 0 && string(name) != t.own.id {
		return fmt.Errorf("memberlist's Name is %q: names other than Self are not carried: use %q", name, t.own.id)
	}
	return nil
}

// checkOwnStream refuses a message that the other side of a stream would refuse. A push/pull has the
// list of all members, this one among them.
func (t *Transport) checkOwnStream(b []byte, reply bool) error {
	err := checkStream(b, reply)
	if err == nil && b[0] == mlPushPull {
		err = t.checkListed(b[1:])
	}
	if err != nil {
		return t.refuseOwn(err, "cluster: cannot send to a stream")
	}
	return nil
}

// checkListed wants this member in a push/pull that was found sound.
func (t *Transport) checkListed(b []byte) error {
	header, rest, _ := pushPullHeader.read(b)
	var last []byte
	for range header.value("Nodes").number {
		var node packStruct
		node, rest, _ = pushPullNode.read(rest)
		if last = node.value("Name").text; string(last) == t.own.id {
			return nil
		}
	}
	return fmt.Errorf("memberlist lists no member %q, but %q: names other than Self are not carried: set Name to Self",
		t.own.id, last)
}

// warnRefused logs err, at most once a minute for each thing that is not carried.
func (t *Transport) warnRefused(err error, message string) {
	var known *notCarried
	if errors.As(err, &known) {
		message += ": " + known.what + " are not carried"
	}
	t.seldom.Warn(err, message)
}
