package cluster

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestSignOfTheLost holds when a sign of life lists a member: always, but for a boot that was lost
// here and has not answered.
func TestSignOfTheLost(t *testing.T) {
	id := identityOf(recordOf("a"))
	const address = "10.0.0.7:7946"
	hearsay := upEvent{id, address, membership.WireVersion, false}
	answer := upEvent{id, address, membership.WireVersion, true}
	push := pushEvent{record: recordOf("a")}
	lost := downEvent{id, false, lookedAt, "it vanished"}
	for name, tt := range map[string]struct {
		events []event
		want   bool
	}{
		"hearsay":                           {[]event{push, hearsay}, true}, // it pushed before memberlist knew it
		"hearsay alone":                     {[]event{hearsay}, false},
		"lost, then hearsay":                {[]event{push, answer, lost, hearsay}, false},
		"lost, then its record":             {[]event{push, answer, lost, push, hearsay}, false},
		"lost, hearsay, then a message":     {[]event{push, answer, lost, hearsay, "message"}, false},
		"lost, then an answer":              {[]event{push, answer, lost, answer}, true},
		"lost, hearsay, then an answer":     {[]event{push, answer, lost, hearsay, answer}, true},
		"lost, an answer, hearsay":          {[]event{push, answer, lost, answer, hearsay}, true},
		"lost, and another has its address": {[]event{push, answer, lost, upEvent{identity{"b", 1}, address, membership.WireVersion, true}, push, hearsay}, true},
	} {
		n := idleNode(t, zerolog.Nop())
		n.closed = true // nobody is probed
		n.handle([]event{pushEvent{record: recordOf("z")}, upEvent{identityOf(recordOf("z")), "10.0.0.9:7946", membership.WireVersion, true}})
		for _, e := range tt.events {
			if e == "message" {
				n.contact(id)
				n.handle(n.inbox.take())
				continue
			}
			n.handle([]event{e})
		}
		if _, listed := n.View().Snapshot().Member("a"); listed != tt.want {
			t.Errorf("%s: listed %v", name, listed)
		}
	}
}

// TestLostIsProbedEverLessOften has a member that was lost speak ten times a second for ten minutes
// without ever answering.
func TestLostIsProbedEverLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		id := identity{"a", 1}
		n := idleNode(t, zerolog.Nop())
		n.push.add(id, "10.0.0.7:7946", membership.WireVersion)
		n.push.mark(id, true, false)
		probes := 0
		for range 10 * 60 * 10 {
			if first, probe := n.push.meet(id); first {
				t.Fatal("a sign of life counts as an answer")
			} else if probe {
				probes++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if least, most := int(10*time.Minute/slowestProof), int(10*time.Minute/slowestProof)+4; probes < least || probes > most {
			t.Errorf("it is probed %d times, want %d to %d", probes, least, most)
		}
		n.push.mark(id, false, true)
		if first, probe := n.push.meet(id); first || probe || n.push.isLost(id) {
			t.Error("it answered, and is not confirmed")
		}
		n.cancel()
		n.list.Shutdown()
		time.Sleep(time.Minute)
	})
}
