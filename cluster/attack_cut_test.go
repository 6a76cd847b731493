package cluster_test

import (
	"net"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// scissors are a network whose next stream ends after so many bytes were written to it; 0 is no bound.
type scissors struct {
	transport.Network
	after   int
	written int // to the last stream
}

func (s *scissors) DialAddressTimeout(to transport.Address, timeout time.Duration) (net.Conn, error) {
	conn, err := s.Network.DialAddressTimeout(to, timeout)
	if err != nil {
		return nil, err
	}
	s.written = 0
	return &cutStream{conn, s}, nil
}

type cutStream struct {
	net.Conn
	by *scissors
}

func (c *cutStream) Write(b []byte) (int, error) {
	c.by.written += len(b)
	over := c.by.written - c.by.after
	if c.by.after == 0 || over < 0 {
		return c.Conn.Write(b)
	}
	c.Conn.Write(b[:max(0, len(b)-over)])
	c.Conn.Close()
	return 0, net.ErrClosed
}

// ghostPushPull is a push/pull that tells of a node that there is not, before many others and once more in the state that
// follows them.
func ghostPushPull(at *testcluster.Host) []byte {
	const nodes = 500
	head := membership.Head{Name: "ghost", Boot: membership.Boot{Number: 1, ID: 0}, Version: 1, Form: 1, Address: at.Address().String()}
	const version = 2
	state := append([]byte{version, byte(len(ghostID))}, ghostID...)
	state = head.Append(append(state, make([]byte, 8)...)) // after the digest
	values := []any{pushPullHead{Nodes: nodes, UserStateLen: len(state)}}
	for range nodes {
		values = append(values, pushPullNode{ghostID, at.IP().AsSlice(), at.Address().Port(), meta, 1, 0, vsn})
	}
	return append(packed(pushPullKind, values...), state...)
}

const ghostID = "ghost@0000000000000000"

// TestAttack_CutPushPull ends a push/pull in its middle. Neither side merges a part of one: a memberlist as well reads all
// of it before it begins.
func TestAttack_CutPushPull(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		target, stranger := l.grow(2, open)[0], l.Host()
		whole := ghostPushPull(stranger)
		for _, sent := range []int{len(whole) / 2, len(whole) - 1, len(whole)} {
			conn, err := stranger.DialTimeout(target.address(), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			conn.Write(whole[:sent])
			time.Sleep(10 * time.Millisecond) // it answers before it merges
			conn.Close()
			time.Sleep(10 * time.Millisecond)
			if merged := target.sees(ghostID); merged != (sent == len(whole)) {
				t.Errorf("%d of %d bytes, and merged = %v", sent, len(whole), merged)
			}
		}
	})
	t.Run("grapevine", func(t *testing.T) {
		cut := new(scissors)
		through := func(network transport.Network) transport.Network {
			cut.Network = network
			return cut
		}
		withHolder(t, func(t *testing.T, c *testcluster.Cluster, holder *transport.Transport) {
			target := c.Members[0]
			ghost := c.Network.Host()
			whole := ghostPushPull(ghost)
			offer(t, holder, target, packed(pingKind, ping{Node: idOf(target)}))
			handshake := cut.written
			for _, after := range []int{handshake + len(whole)/2, handshake + len(whole) - 100, 0} {
				cut.after = after
				conn, err := holder.DialAddressTimeout(at(target), time.Second)
				if err != nil {
					t.Fatal(err)
				}
				conn.Write(whole)
				time.Sleep(100 * time.Millisecond)
				conn.Close()
				merged := isDialled(ghost)
				if merged != (after == 0) {
					t.Errorf("cut after %d bytes, and merged = %v", after, merged)
				}
				if _, listed := target.View().Snapshot().Member("ghost"); listed {
					t.Error("who never said anything is listed")
				}
			}
		}, through)
	})
}

// isDialled says whether somebody looks for whoever is said to be at a host, as members do with each other.
func isDialled(host *testcluster.Host) bool {
	select {
	case conn := <-host.StreamCh():
		conn.Close()
		return true
	case <-time.After(time.Second):
		return false
	}
}
