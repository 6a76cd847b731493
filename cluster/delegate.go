package cluster

import (
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"
)

// delegate is what memberlist calls, often under its write lock: it copies out and returns, and calls nothing of
// memberlist's.
type delegate struct{ node *Node }

// NodeMeta is constant for a boot.
func (d delegate) NodeMeta(int) []byte { return metaOf(d.node.wire) }

// GetBroadcasts gives nothing: records do not travel by gossip.
func (d delegate) GetBroadcasts(int, int) [][]byte { return nil }

// AckPayload tells whoever probes this member what it knows, in short.
func (d delegate) AckPayload() []byte { return encodeDigest(d.node.store.Digest()) }

// NotifyAlive keeps out whoever would not be understood; memberlist logs why. A later release that still reads one of
// our wire versions is welcome.
func (d delegate) NotifyAlive(node *memberlist.Node) error {
	if _, err := newestCommon(d.node.wire, node.Meta); err != nil {
		return err
	}
	id, err := parseIdentity(node.Name)
	if err != nil {
		return err
	}
	if at, living := d.node.push.address(id); living && at.Addr != node.Address() {
		return fmt.Errorf("%s lives at %s, and a boot does not move to %s", id, at.Addr, node.Address())
	}
	return nil
}

func (d delegate) NotifyJoin(node *memberlist.Node) { d.seen(node, false) }

// seen passes on that a member lives.
func (d delegate) seen(node *memberlist.Node, answered bool) {
	id, err1 := parseIdentity(node.Name)
	wire, err2 := newestCommon(d.node.wire, node.Meta)
	if err1 == nil && err2 == nil {
		if up := (upEvent{id, node.Address(), wire, answered}); answered {
			d.node.inbox.put(up)
		} else {
			d.node.inbox.change(id, up)
		}
	}
}

func (d delegate) NotifyLeave(node *memberlist.Node) {
	if id, err := parseIdentity(node.Name); err == nil {
		d.node.inbox.change(id, downEvent{id: id, evidence: "SWIM gave it up"})
	}
}

// NotifyUpdate has nothing to tell: what memberlist knows of a boot does not change.
func (d delegate) NotifyUpdate(*memberlist.Node) {}

// NotifyPingComplete is proof of life, also for one that was dropped in error.
func (d delegate) NotifyPingComplete(node *memberlist.Node, _ time.Duration, payload []byte) {
	d.seen(node, true)
	id, err := parseIdentity(node.Name)
	if digest, ok := decodeDigest(payload); ok && err == nil {
		d.node.inbox.offer(digestEvent{id, digest})
	}
}

// NotifyMsg has nothing to do: what members say to each other travels beside memberlist, see receive.go.
func (d delegate) NotifyMsg([]byte) {}

func (d delegate) LocalState(join bool) []byte {
	s := d.node.state(join)
	return s.encode(stateRoom(len(s.heads)))
}

func (d delegate) MergeRemoteState(buf []byte, join bool) {
	if d.node.ctx.Err() != nil {
		return
	}
	s, err := decodeState(buf)
	if err != nil {
		d.node.seldom.Warn(err, "cluster: cannot read all of a peer's state")
	}
	if join {
		d.node.join(s)
	} else if err == nil {
		d.node.inbox.offer(digestEvent{s.from, s.digest})
	}
}
