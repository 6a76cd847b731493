package transport

import (
	"bytes"
	"io"
	"net"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

// What the gate lets through is given to a real memberlist, which must neither crash nor find anything to complain about.
// The seeds are in testdata/fuzz: frames of real memberlists and attacks on them, see TestGateSeeds.

func FuzzCheckPacket(f *testing.F) {
	var target gateTarget
	defer target.close()
	f.Fuzz(func(t *testing.T, b []byte) {
		err := gateFrugally(t, b, func() error { return checkPacket(b, "") })
		if err != nil {
			gateErrorIsFit(t, err)
			return
		}
		target.fresh(t)
		target.givePacket(b)
		target.wantNoComplaints(t)
	})
}

func FuzzCheckStream(f *testing.F) {
	var target gateTarget
	defer target.close()
	f.Fuzz(func(t *testing.T, b []byte, reply bool) {
		err := gateFrugally(t, b, func() error { return checkStream(b, reply) })
		if err != nil {
			gateErrorIsFit(t, err)
			return
		}
		target.fresh(t)
		if !reply {
			target.giveStream(t, b)
		} else if err := target.giveReply(b); b[0] == mlPushPull && err != nil {
			t.Errorf("memberlist refuses it: %v", err)
		}
		target.wantNoComplaints(t)
	})
}

// gateFrugally wants that check allocates no more than b can account for. What else runs is counted too, and allocations
// are counted by the span: hence the room, and the closer look.
func gateFrugally(t *testing.T, b []byte, check func() error) (err error) {
	t.Helper()
	const room = 64 << 10
	var grown uint64
	for range 5 {
		before := gateAllocated()
		err = check()
		if grown = gateAllocated() - before; grown <= room+uint64(len(b)) {
			return err
		}
	}
	t.Errorf("%d bytes allocated for %d, time after time", grown, len(b))
	return err
}

// gateAllocated is how many bytes were allocated so far.
func gateAllocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// gateTarget is a memberlist that says when it has worked off what it was given. Left alone, it does nothing: no probes,
// no gossip, no push/pulls.
type gateTarget struct {
	list *memberlist.Memberlist
	end  *gateEndpoint
	uses int

	reached chan struct{} // its handler of packets took a marker from the queue, and waits
	proceed chan struct{} // the handler may go on
	ponged  chan struct{} // it answered the last ping of givePacket
	answer  chan net.Conn // the far end of a stream that it dials

	mu         sync.Mutex
	complaints []string
}

const (
	gateTargetName = "bob@00000000000000b0" // of the seeds
	gateTargetUses = 256                    // before its list of nodes gets long
	gatePonger     = "192.0.2.99:99"        // where nobody else wants his answers
)

// fresh makes sure that there is a list, and that it is not long.
func (g *gateTarget) fresh(t *testing.T) {
	if g.uses++; g.list != nil && g.uses%gateTargetUses != 0 {
		return
	}
	g.close()
	end := newGateEndpoint("192.0.2.2:7946")
	end.send = func(to string, _ []byte) {
		if to == gatePonger {
			select {
			case g.ponged <- struct{}{}:
			default:
			}
		}
	}
	end.dial = func(string) (net.Conn, error) {
		near, far := net.Pipe()
		g.answer <- far
		return near, nil
	}
	g.end, g.reached, g.proceed = end, make(chan struct{}), make(chan struct{})
	g.ponged, g.answer = make(chan struct{}, 1), make(chan net.Conn, 1)
	g.list = gateList(t, gateTargetName, end, func(c *memberlist.Config) {
		c.ProbeInterval, c.GossipInterval, c.PushPullInterval = 0, 0, 0
		c.ProbeTimeout = time.Millisecond // until a nack
		c.Delegate, c.LogOutput = gateMarked{g}, g
	})
	g.mark()
	<-g.reached
}

func (g *gateTarget) close() {
	if g.list != nil {
		g.list.Shutdown()
		close(g.proceed)
		g.list = nil
	}
}

// gateMarked is told of markers.
type gateMarked struct{ target *gateTarget }

func (gateMarked) NodeMeta(int) []byte             { return nil }
func (gateMarked) GetBroadcasts(int, int) [][]byte { return nil }
func (gateMarked) LocalState(bool) []byte          { return []byte("state") }
func (gateMarked) MergeRemoteState([]byte, bool)   {}

func (m gateMarked) NotifyMsg([]byte) {
	m.target.reached <- struct{}{}
	<-m.target.proceed
}

// mark puts a marker into the queue. memberlist takes the youngest message from it first, and alive ones before all.
func (g *gateTarget) mark() {
	g.end.packets <- &memberlist.Packet{Buf: []byte{8}, From: gateFrom, Timestamp: time.Now()}
}

var gateFrom = &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7946}

// givePacket returns when b was read and acted on: while the handler waits at a marker, another goes into the queue, then
// b, then a ping, which is answered once all are in. Then the handler works off the queue, the marker at last.
func (g *gateTarget) givePacket(b []byte) {
	g.mark()
	g.end.packets <- &memberlist.Packet{Buf: bytes.Clone(b), From: gateFrom, Timestamp: time.Now()}
	select { // b may have asked for an answer at the same place
	case <-g.ponged:
	default:
	}
	ping := mlPingStruct{Node: gateTargetName, SourceAddr: []byte{192, 0, 2, 99}, SourcePort: 99}
	g.end.packets <- &memberlist.Packet{Buf: gateMessage(mlPing, ping), From: gateFrom, Timestamp: time.Now()}
	<-g.ponged
	g.proceed <- struct{}{}
	<-g.reached
}

// giveStream returns when memberlist has closed the stream, which it does last.
func (g *gateTarget) giveStream(t *testing.T, b []byte) {
	near, far := net.Pipe()
	defer near.Close()
	g.end.streams <- far
	var writing sync.WaitGroup
	writing.Go(func() {
		if _, err := near.Write(b); err != nil {
			t.Errorf("memberlist does not take all of it: %v", err)
		}
	})
	io.Copy(io.Discard, near)
	writing.Wait()
}

// giveReply has memberlist join somebody who answers b.
func (g *gateTarget) giveReply(b []byte) error {
	var answering sync.WaitGroup
	answering.Go(func() {
		far := <-g.answer
		answering.Go(func() {
			io.Copy(io.Discard, far) // until memberlist closes its end
			far.Close()
		})
		far.Write(b)
	})
	_, err := g.list.Join([]string{"ada@0000000000000001/192.0.2.1:7946"})
	answering.Wait()
	return err
}

// gateComplaints begin the lines in which memberlist says that it does not understand a message, or will not have it.
var gateComplaints = []string{
	"Failed to decode", "Failed to read", "failed to receive", "Failed push/pull merge", "Message type", "msg type",
	"Received invalid", "Compound request had", "Got invalid checksum", "missing message type", "Ignoring an alive message",
}

// Write receives memberlist's log.
func (g *gateTarget) Write(line []byte) (int, error) {
	_, text, _ := strings.Cut(string(line), " memberlist: ")
	for _, complaint := range gateComplaints {
		if strings.HasPrefix(text, complaint) {
			g.mu.Lock()
			g.complaints = append(g.complaints, text)
			g.mu.Unlock()
		}
	}
	return len(line), nil
}

func (g *gateTarget) wantNoComplaints(t *testing.T) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.complaints) > 0 {
		t.Errorf("memberlist complains of what passed: %q", g.complaints)
		g.complaints = nil
	}
}
