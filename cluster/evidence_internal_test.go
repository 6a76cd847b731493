package cluster

import (
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// These tests hold what hearsay, silence and late answers may do, see shared/protocol/detection.md.

// vanished is the transport to hosts that are gone: dials to them time out.
type vanished struct {
	nowhere
	dials atomic.Int32
}

func (v *vanished) DialAddressTimeout(_ Address, timeout time.Duration) (net.Conn, error) {
	v.dials.Add(1)
	time.Sleep(timeout)
	return nil, &net.OpError{Op: "dial", Err: timedOut{}}
}

type timedOut struct{}

func (timedOut) Error() string   { return "timed out" }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

// onTransport runs test on virtual time, with an idle node on a transport.
func onTransport(t *testing.T, on Transport, test func(t *testing.T, n *Node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := idleNodeOn(t, on, zerolog.Nop())
		test(t, n)
		n.cancel()
		n.list.Shutdown()
		time.Sleep(time.Minute) // for memberlist
	})
}

// meets adds a living peer that has spoken to this node.
func meets(n *Node, name, address string) identity {
	id := identity{name, 1}
	n.push.add(id, address, membership.WireVersion)
	n.push.mark(id, false, true)
	return id
}

// replies has a member answer all questions about target that are open.
func replies(n *Node, from, target identity) {
	n.watch.mu.Lock()
	var answers []note
	for q := range n.watch.waiting {
		if q.id == target {
			answers = append(answers, note{from: from, subject: target, version: q.nonce})
		}
	}
	n.watch.mu.Unlock()
	for _, answer := range answers {
		n.watch.answered(answer)
	}
}

// TestLateControlPeer probes a host that has vanished. Its control peer answers first after some time, and every 50 ms from
// then on: however late that is, within two thirds of the probe, the host is not merely unresponsive.
func TestLateControlPeer(t *testing.T) {
	for after, want := range map[time.Duration]verdict{
		110 * time.Millisecond: absent, 270 * time.Millisecond: absent, 320 * time.Millisecond: absent, 340 * time.Millisecond: absent,
		360 * time.Millisecond: absent, 600 * time.Millisecond: absent, 710 * time.Millisecond: blind, 2 * time.Second: blind,
	} {
		t.Run(after.String(), func(t *testing.T) {
			network := new(vanished)
			onTransport(t, network, func(t *testing.T, n *Node) {
				target, control := meets(n, "gone", "10.0.0.7:7946"), meets(n, "b", "10.0.0.8:7946")
				n.spawn(func() {
					for sleep(n.ctx, after) {
						replies(n, control, target)
						after = 50 * time.Millisecond
					}
				})
				if found := n.watch.lookAt(target, Address{Addr: "10.0.0.7:7946", Name: target.String()}, false, nil); found != want {
					t.Errorf("found %v, want %v", found, want)
				}
			})
		})
	}
}

// TestConnectProbesPause counts the dials of a probe whose control peers are silent for all of it.
func TestConnectProbesPause(t *testing.T) {
	network := new(vanished)
	onTransport(t, network, func(t *testing.T, n *Node) {
		target := meets(n, "gone", "10.0.0.7:7946")
		meets(n, "b", "10.0.0.8:7946")
		if found := n.watch.lookAt(target, Address{Addr: "10.0.0.7:7946"}, false, nil); found != blind {
			t.Errorf("found %v", found)
		}
		if dials := network.dials.Load(); dials > 6 {
			t.Errorf("it dials %d times while nothing can come of it", dials)
		}
	})
}

// TestControlIsAsked has members answer for another that were not asked, and one that was.
func TestControlIsAsked(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	target := identity{"gone", 1}
	q := n.watch.inquire(target, n.watch.dials)
	q.others = []Address{{Name: "b@0000000000000001"}}
	replies(n, identity{"mallory", 1}, target)
	if q.heard[0].Load() {
		t.Error("an answer that nobody asked for counts")
	}
	replies(n, identity{"b", 1}, target)
	if !q.heard[0].Load() {
		t.Error("the answer of a control peer does not count")
	}
}

// TestSuspectedOnceControlIsHeard has the control peer be silent at just the question after which a member is suspected.
func TestSuspectedOnceControlIsHeard(t *testing.T) {
	onTransport(t, new(vanished), func(t *testing.T, n *Node) {
		target, control := meets(n, "gone", "10.0.0.7:7946"), meets(n, "b", "10.0.0.8:7946")
		suspected := make(chan time.Duration, 1)
		began := time.Now()
		n.spawn(func() {
			sleep(n.ctx, 640*time.Millisecond) // at 600 ms nobody has answered yet
			for sleep(n.ctx, 10*time.Millisecond) {
				replies(n, control, target)
				for _, e := range n.inbox.take() {
					if s, ok := e.(suspectEvent); ok && s.id == target && len(suspected) == 0 {
						suspected <- time.Since(began)
					}
				}
			}
		})
		n.watch.investigate(target, Address{Addr: "10.0.0.7:7946"}, suspicion{why: "test"})
		select {
		case after := <-suspected:
			if after >= time.Second {
				t.Errorf("suspected after %v, when the probe is over", after)
			}
		default:
			t.Error("it was never suspected while the probe went on")
		}
	})
}

// TestAccusersAgeOneByOne has one accuser repeat itself: that keeps no other accusation.
func TestAccusersAgeOneByOne(t *testing.T) {
	onTransport(t, nowhere{}, func(t *testing.T, n *Node) {
		n.closed = true // nobody is probed
		target := meets(n, "a", "10.0.0.2:7946")
		for i := range 3 {
			n.watch.accusedBy(note{from: meets(n, fmt.Sprint("b", i), fmt.Sprint("10.0.1.", i, ":1")), subject: target})
		}
		for range 4 {
			time.Sleep(accusedFor / 2)
			n.watch.accusedBy(note{from: identity{"b1", 1}, subject: target})
		}
		if by := n.watch.accusers(target); !slices.Equal(by, []identity{{"b1", 1}}) {
			t.Errorf("accused by %v, want b1 alone", by)
		}
	})
}

// TestFloodErasesNoEvidence has a member accuse ten thousand others, of which there are none, and one of which there are.
func TestFloodErasesNoEvidence(t *testing.T) {
	onTransport(t, nowhere{}, func(t *testing.T, n *Node) {
		n.closed = true // nobody is probed
		target, honest, liar := meets(n, "a", "10.0.0.2:7946"), meets(n, "b", "10.0.0.3:7946"), meets(n, "mallory", "10.0.0.4:7946")
		n.watch.accusedBy(note{from: honest, subject: target})
		for boot := range uint64(10000) {
			n.watch.accusedBy(note{from: liar, subject: identity{"f", boot}})
		}
		if by := n.watch.accusers(target); !slices.Equal(by, []identity{honest}) {
			t.Errorf("accused by %v after a flood", by)
		}
		for boot := range uint64(3 * mostSeen / 2) {
			n.watch.endLook(identity{"f", boot}, alive)
		}
		if held := n.watch.seen.Len(); held != mostSeen || !n.watch.wasWell(identity{"f", mostSeen}) {
			t.Errorf("%d of the last probes are remembered, want %d, the latest", held, mostSeen)
		}
	})
}

// TestStrangersAccuseNobody has a sender accuse that does not live here, and a member accuse one that nobody but it knows.
func TestStrangersAccuseNobody(t *testing.T) {
	onTransport(t, nowhere{}, func(t *testing.T, n *Node) {
		n.closed = true // nobody is probed
		target, liar := meets(n, "a", "10.0.0.2:7946"), meets(n, "mallory", "10.0.0.4:7946")
		hearsay := identity{"fake", 1}
		n.push.add(hearsay, "169.254.169.254:80", membership.WireVersion) // as gossip tells
		begun := func(id identity) bool {
			n.watch.mu.Lock()
			defer n.watch.mu.Unlock()
			return n.watch.under[id]
		}
		n.watch.accusedBy(note{from: identity{"stranger", 1}, subject: target, version: foundProof})
		n.watch.accusedBy(note{from: liar, subject: hearsay, version: foundProof})
		if begun(target) || begun(hearsay) {
			t.Error("a probe was begun")
		}
		n.watch.accusedBy(note{from: liar, subject: target, version: foundProof})
		if !begun(target) {
			t.Error("an accusation by a member begins no probe")
		}
	})
}

// TestHearsayEndsNothing has gossip tell that a name lives, by the same boot and by another, at its address and elsewhere,
// while its death is verified, and while it is searched.
func TestHearsayEndsNothing(t *testing.T) {
	record := recordOf("a")
	a, address := identityOf(record), "10.0.0.7:7946"
	for name, up := range map[string]upEvent{
		"the same":               {a, address, membership.WireVersion, false},
		"the same elsewhere":     {a, "10.0.0.99:7946", membership.WireVersion, false},
		"another boot":           {identity{"a", 99}, "10.0.0.99:7946", membership.WireVersion, false},
		"another at its address": {identity{"mallory", 1}, address, membership.WireVersion, false},
	} {
		t.Run(name, func(t *testing.T) {
			onTransport(t, nowhere{}, func(t *testing.T, n *Node) {
				n.closed = true // nobody is probed
				n.handle([]event{pushEvent{record: recordOf("z")}, upEvent{identityOf(recordOf("z")), "10.0.0.9:7946", membership.WireVersion, true}})
				n.handle([]event{pushEvent{record: record}, upEvent{a, address, membership.WireVersion, true}})
				n.handle([]event{downEvent{id: a}})
				if !n.watch.stillDoubted(a) {
					t.Fatal("its death is not verified")
				}
				n.handle([]event{up})
				if !n.watch.stillDoubted(a) {
					t.Error("gossip ended the verification")
				}
				n.handle([]event{downEvent{id: a, finding: looked}})
				if _, listed := n.View().Snapshot().Member("a"); listed {
					t.Error("it is listed still, though it did not answer")
				}
				if !n.reach.lost(a) {
					t.Fatal("it is not searched")
				}
				n.handle([]event{up})
				if one := n.reach.missing.known.Get(address); !n.reach.lost(a) || one == nil {
					t.Error("gossip ended the search")
				}
				answer := up
				answer.id, answer.address, answer.answered = a, address, true
				n.handle([]event{answer})
				if n.reach.lost(a) || n.reach.missing.len() > 0 {
					t.Error("an answer did not end the search")
				}
			})
		})
	}
}

// TestAnswerAfterRefutation has gossip refute a death while it is verified: the next answer ends that, and an answer before it
// does not.
func TestAnswerAfterRefutation(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	n.closed = true // nobody is probed
	a := identity{"a", 1}
	n.watch.doubt(a, Address{})
	if n.watch.confirmAlive(a) {
		t.Error("an answer ends the verification, though memberlist takes the member for dead")
	}
	n.watch.refute(a)
	if !n.watch.confirmAlive(a) || n.watch.stillDoubted(a) {
		t.Error("an answer after the refutation does not end the verification")
	}
}

// TestUnprovenAreHearsay has memberlist give up members that never spoke to this node: none is searched as if it was lost.
func TestUnprovenAreHearsay(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	n.closed = true // nobody is probed
	real := meets(n, "real", "10.0.0.7:7946")
	n.reach.lose(real, "10.0.0.7:7946", true)
	for i := range 2 * mostMissing {
		id := identity{fmt.Sprint("f", i), 1}
		n.handle([]event{upEvent{id, fmt.Sprintf("10.4.%d.%d:1", i>>8, i&255), membership.WireVersion, false}, downEvent{id: id}})
	}
	if !n.reach.lost(real) || n.reach.missing.known.Len() != 1 || n.reach.missing.hearsay.len() > mostToldEach {
		t.Errorf("%d are searched as lost, %d as hearsay", n.reach.missing.known.Len(), n.reach.missing.hearsay.len())
	}
}

// TestLiesMoveNoSearch has gossip tell, again and again, that a lost member lives at an address that others made up, and
// memberlist find that it does not: it is searched where it was.
func TestLiesMoveNoSearch(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	n.closed = true // nobody is probed
	record := recordOf("a")
	a, address := identityOf(record), "10.0.0.7:7946"
	n.handle([]event{pushEvent{record: record}, upEvent{a, address, membership.WireVersion, true}, downEvent{a, false, lookedAt, "it vanished"}})
	for i := range 20 {
		n.handle([]event{upEvent{a, fmt.Sprint("10.4.0.7:", i+1), membership.WireVersion, false}})
		n.handle([]event{downEvent{id: a}, downEvent{id: a, finding: looked}})
	}
	if one := n.reach.missing.known.Get(address); one == nil || n.reach.missing.known.Len() != 1 {
		t.Errorf("%d addresses are searched, and that where it was: %v", n.reach.missing.known.Len(), one)
	}
}

// TestDenyListEvictsTheOldest fills the list of addresses that are not dialled.
func TestDenyListEvictsTheOldest(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	for i := range mostShunned + 1 {
		n.reach.avoid(fmt.Sprintf("10.%d.%d.1:1", i>>8, i&255), errBusy)
	}
	_, first := n.reach.shuns("10.0.0.1:1")
	_, second := n.reach.shuns("10.0.1.1:1")
	if first || !second {
		t.Errorf("the first is denied: %v, the second: %v", first, second)
	}
}

// TestWakesDialNoMore has a thousand members be lost within ten seconds: the search keeps to two dials a second.
func TestWakesDialNoMore(t *testing.T) {
	onTransport(t, nowhere{}, func(t *testing.T, n *Node) {
		const lasts = 10 * time.Second
		dials := 0
		for began, i := time.Now(), 0; time.Since(began) < lasts; i++ {
			n.reach.lose(identity{fmt.Sprint("m", i), 1}, fmt.Sprintf("10.0.%d.%d:1", i>>8, i&255), true)
			if _, _, due := n.reach.nextSearch(time.Now()); due {
				dials++
			}
			time.Sleep(lasts / 1000)
		}
		if most := int(searchLimit.AtOnce + lasts.Seconds()*searchLimit.EachSecond); dials > most || dials < most/2 {
			t.Errorf("%d dials, want %d at most", dials, most)
		}
	})
}

// TestVerificationTakesHalf uses up the dials of verifications: as many are left for suspicions.
func TestVerificationTakesHalf(t *testing.T) {
	onTransport(t, nowhere{}, func(t *testing.T, n *Node) {
		spend := func(b *budget) (dials int) {
			for b.spend(func() error { return nil }) == nil {
				dials++
			}
			return dials
		}
		half := int(probeDials.AtOnce) / 2
		if verified, suspected := spend(n.watch.verify), spend(n.watch.dials); verified != half || suspected != half {
			t.Errorf("%d dials of verifications and %d of others, want %d each", verified, suspected, half)
		}
	})
}

// TestRemindersDoNotBlock has all introductions be stuck while a member answers that was given up, and vanishes then: the
// verification of its death goes on.
func TestRemindersDoNotBlock(t *testing.T) {
	onTransport(t, new(vanished), func(t *testing.T, n *Node) {
		for range mostIntroductions {
			n.push.introductions.TryTake()
		}
		target, control := meets(n, "a", "10.0.0.7:7946"), meets(n, "b", "10.0.0.8:7946")
		began, gone := time.Now(), time.Duration(0)
		n.watch.doubt(target, Address{Addr: "10.0.0.7:7946", Name: target.String()})
		for gone == 0 && time.Since(began) < time.Minute {
			time.Sleep(10 * time.Millisecond)
			replies(n, control, target)
			if time.Since(began) < 3*time.Second {
				replies(n, target, target)
			}
			for _, e := range n.inbox.take() {
				if down, ok := e.(downEvent); ok && down.id == target {
					gone = time.Since(began)
				}
			}
		}
		if gone < 3*time.Second || gone > 15*time.Second {
			t.Errorf("found gone after %v", gone)
		}
	})
}
