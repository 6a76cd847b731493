package transport

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
	"github.com/grapevine-go/grapevine/cluster/internal/rate"
)

// This file holds a message that was found sound against its sender. Answers go to the sender,
// whatever address it names. Only a member that is known, and that the sender need not introduce,
// is pinged. Where memberlist would take a new member on hearsay, that one proves itself first.

// relayRequests are the indirect pings that one member may ask for, whichever boots it says that it
// is. A member pings another once a second. allRelays are those of all members together: each is a
// goroutine of memberlist's for half a second.
var (
	relayRequests = rate.Limit{AtOnce: 8, EachSecond: 4}
	allRelays     = rate.Limit{AtOnce: 256, EachSecond: 256}
)

const mostAskers = 4096 // members that are remembered because they asked for indirect pings

// sift returns the part of a packet that memberlist may act on, nil for none.
func (t *Transport) sift(b []byte, from From) []byte {
	inside := b
	if b[0] == mlCRC {
		inside = b[crcHeader:]
	}
	if inside[0] != mlCompound {
		if part, changed := t.siftPart(inside, from); changed {
			return part
		}
		return b
	}
	var parts [][]byte
	all := true
	_ = eachPart(inside[1:], func(part []byte) error {
		sifted, changed := t.siftPart(part, from)
		if all = all && !changed; !changed {
			sifted = part
		}
		if sifted != nil {
			parts = append(parts, sifted)
		}
		return nil
	})
	switch {
	case all:
		return b
	case len(parts) == 0:
		return nil
	case len(parts) == 1:
		return parts[0]
	}
	return compound(parts)
}

// compound makes one packet of several.
func compound(parts [][]byte) []byte {
	b := []byte{mlCompound, byte(len(parts))}
	for _, part := range parts {
		b = binary.BigEndian.AppendUint16(b, uint16(len(part)))
	}
	return append(b, slices.Concat(parts...)...)
}

// siftPart returns a message as memberlist may see it, nil for not at all, and whether that is a change.
func (t *Transport) siftPart(b []byte, from From) (out []byte, changed bool) {
	read, _, err := packetMessages[b[0]].read(b[1:])
	if err != nil {
		return nil, true
	}
	switch kind := b[0]; kind {
	case mlPing:
		return read.rewrite(kind, t.answerTo(&read, from)), true
	case mlIndirectPing:
		if !t.mayRelay(&read, from) {
			t.stats.hearsay.Add(1)
			return nil, true
		}
		return read.rewrite(kind, t.answerTo(&read, from)), true
	case mlAck, mlNack:
		seq, ok := t.acknowledged(uint32(read.value("SeqNo").number), from, kind == mlAck)
		if !ok {
			return nil, true
		}
		return read.rewrite(kind, map[string][]byte{"SeqNo": packAppendNumber(nil, seq)}), true
	case mlAlive:
		if !t.admits(&read, "Node", b, from, mostIntroduced) {
			return nil, true
		}
	}
	return b, false
}

// answerTo leaves out where the sender wants its answer: it goes where the message came from.
func (t *Transport) answerTo(read *packStruct, from From) map[string][]byte {
	sender := from.ID
	if sender == "" {
		sender = string(read.value("SourceNode").text)
	}
	changes := map[string][]byte{"SourceAddr": nil, "SourcePort": nil, "SourceNode": nil}
	if sender != "" {
		changes["SourceNode"] = packAppendText(nil, sender)
	}
	return changes
}

// mayRelay reports whether a member is to be pinged for another: both are known, and the target is
// alive at that address.
func (t *Transport) mayRelay(read *packStruct, from From) bool {
	target := string(read.value("Node").text)
	address, alive := t.alive(target)
	if t.book.asker(from) == nil || !alive || t.isItself(target) || address != addressIn(read, "Target").String() {
		return false
	}
	return t.relays.pass(t.causeOf(from), time.Now())
}

// relays counts the indirect pings that others asked for.
type relays struct {
	mu  sync.Mutex
	by  *aged.Map[string, rate.Meter] // by asker, see causeOf
	all rate.Meter
}

func (r *relays) init() { r.by = aged.New[string, rate.Meter](mostAskers) }

// pass reports whether one more indirect ping of an asker is relayed.
func (r *relays) pass(asker string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.by.Get(asker)
	ok := own.Pass(relayRequests, now) && r.all.Pass(allRelays, now)
	r.by.Set(asker, own)
	return ok
}

func addressIn(read *packStruct, field string) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(read.value(field).text)
	return netip.AddrPortFrom(ip.Unmap(), uint16(read.value("Port").number))
}

// admits reports whether memberlist may be told at once that a member is alive. An unknown member has to
// prove itself first, when its turn comes.
func (t *Transport) admits(read *packStruct, name string, alive []byte, from From, most int) bool {
	id, at := string(read.value(name).text), addressIn(read, "Addr")
	if t.isItself(id) || t.knows(id, at) {
		return true
	}
	t.newcomers.add(t, &newcomer{id: id, at: at, alive: slices.Clone(alive), by: t.causeOf(from)}, most)
	return false
}

// causeOf names the member that caused work. Its boots share a name, as a boot is what it says it is.
func (t *Transport) causeOf(from From) string {
	switch {
	case from.ID != "":
		return nameOf(from.ID)
	case from.says != "":
		return nameOf(from.says)
	}
	return from.Addr.String()
}

// siftPushPull returns a push/pull as memberlist may see it: without the members that have to prove
// themselves first, and without a state that is not of its sender. Of the members, the sender proves
// itself at once, as it waits for the answer.
func (t *Transport) siftPushPull(b []byte, p *proven, reply bool) []byte {
	from, most := p.from(), mostIntroduced
	if reply {
		most = mostJoined // this side asked
	}
	header, rest, err := pushPullHeader.read(b[1:])
	if err != nil {
		return nil
	}
	all := header.value("Nodes").number
	var nodes [][]byte
	for range all {
		node, after, err := pushPullNode.read(rest)
		if err != nil {
			return nil
		}
		raw := rest[:len(rest)-len(after)]
		rest = after
		if node.value("State").number == mlStateAlive && !t.admitsNode(&node, from, most) {
			continue
		}
		nodes = append(nodes, raw)
	}
	state := t.stateOf(p, rest)
	if uint64(len(nodes)) == all && len(state) == len(rest) {
		return b
	}
	changes := map[string][]byte{
		"Nodes":        packAppendNumber(nil, uint32(len(nodes))),
		"UserStateLen": packAppendNumber(nil, uint32(len(state))),
	}
	return slices.Concat(header.rewrite(mlPushPull, changes), slices.Concat(nodes...), state)
}

// stateOf returns the state of a push/pull if it is of its sender, nil otherwise.
func (t *Transport) stateOf(p *proven, state []byte) []byte {
	if t.checkState == nil {
		return state
	}
	if err := t.checkState(p.hello.id, state); err != nil {
		t.stats.malformed.Add(1)
		t.warnRefused(fmt.Errorf("push/pull of %s: %w", p.hello.id, err), "cluster: dropped the state of a peer")
		return nil
	}
	return state
}

// admitsNode is admits for a node of a push/pull.
func (t *Transport) admitsNode(node *packStruct, from From, most int) bool {
	id, at := string(node.value("Name").text), addressIn(node, "Addr")
	if (id == from.ID || id == from.says) && !t.knows(id, at) {
		n := &newcomer{id: id, at: at, by: nameOf(id)}
		if t.newcomers.begin(t, n) {
			defer t.newcomers.end(t, n)
			return t.provesItself(n)
		} // or it waits for its turn, as others do
	}
	return t.admits(node, "Name", node.rename(mlAlive, "Name", "Node", "State"), from, most)
}
