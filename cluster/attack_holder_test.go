package cluster_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// hostilePackets and hostileStreams are what somebody who knows the secret can send to harm a memberlist. What the first of
// them do to one, which dies of some, is shown in transport/gate_crash_test.go, each in a process of its own.
func hostilePackets(target string, from *testcluster.Host) map[string][]byte {
	odd := aliveAt(ghostID, 1, from)
	odd.Vsn = []byte{5, 5, 5, 0, 0, 0}
	short := aliveAt(ghostID, 1, from)
	short.Vsn = nil
	return map[string][]byte{
		"nothing":                 {},
		"a kind alone":            {aliveKind},
		"padding":                 append(make([]byte, 16), 255),
		"sealed nothing":          {encryptKind, 0, 0, 0, 0},
		"label":                   append([]byte{labelKind, 4}, "home"...),
		"compressed":              packed(compressKind, compressed{0, nil}),
		"user message":            {userKind, 'x'},
		"compound of none":        {compoundKind, 0},
		"compound of compounds":   {compoundKind, 1, 0, 2, compoundKind, 0},
		"compound cut short":      {compoundKind, 255},
		"odd versions":            packed(aliveKind, odd),
		"no versions":             packed(aliveKind, short),
		"in another's name":       packed(pingKind, sourcedPing{1, target, from.IP().AsSlice(), 7946, target}),
		"a name that is no text":  packed(deadKind, deadWord{1, "\x1b[2J\n", target}),
		"a name without end":      packed(deadKind, deadWord{1, string(bytes.Repeat([]byte("a"), 1000)), target}),
		"nothing but a map, huge": {aliveKind, 0xdf, 0xff, 0xff, 0xff, 0xff},
	}
}

func hostileStreams(target string) map[string][]byte {
	return map[string][]byte{
		"sealed nothing":           {encryptKind, 0, 0, 0, 0},
		"nodes that do not come":   packed(pushPullKind, pushPullHead{Nodes: 1 << 20}),
		"state that does not come": packed(pushPullKind, pushPullHead{UserStateLen: 20 << 20}),
		"fewer than no nodes":      packed(pushPullKind, pushPullHead{Nodes: -1}),
		"message that never comes": packed(userKind, userHead{20 << 20}),
		"compressed":               bomb(inflated),
		"a kind alone":             {pingKind},
		"a ping, and more":         append(packed(pingKind, ping{1, target}), 0),
		"a label":                  append([]byte{labelKind, 255}, make([]byte, 255)...),
	}
}

// TestAttack_HolderOfTheSecret sends all of that to members: they live, and go on.
func TestAttack_HolderOfTheSecret(t *testing.T) {
	withHolder(t, func(t *testing.T, c *testcluster.Cluster, holder *transport.Transport) {
		stop := stays(t, c.Members, "all three, and no ghost", both(members(3), lacks("ghost")))
		for _, target := range c.Members {
			packets := hostilePackets(idOf(target), c.Network.Host())
			for _, name := range slices.Sorted(maps.Keys(packets)) {
				before := target.Stats().Malformed
				holder.WriteToAddress(packets[name], at(target))
				time.Sleep(50 * time.Millisecond)
				if counted := target.Stats().Malformed - before; counted != 1 {
					t.Errorf("%s: counted %d times", name, counted)
				}
			}
			for name, message := range hostileStreams(idOf(target)) {
				if answer := offer(t, holder, target, message); len(answer) > 0 {
					t.Errorf("%s: answered with %q", name, answer)
				}
			}
		}
		time.Sleep(time.Minute)
		stop()
		mustRegister(t, c.Members[0], users(c.Members[0]))
		c.AwaitConverged(prompt)
		for _, target := range c.Members {
			if answer := offer(t, holder, target, packed(pingKind, ping{1, idOf(target)})); len(answer) == 0 {
				t.Errorf("%s does not answer a ping", target.Name())
			}
		}
	})
}

// TestAttack_HostileStreamsAreCounted wants that as of packets.
func TestAttack_HostileStreamsAreCounted(t *testing.T) {
	withHolder(t, func(t *testing.T, c *testcluster.Cluster, holder *transport.Transport) {
		target := c.Members[0]
		for name, message := range hostileStreams(idOf(target)) {
			before := target.Stats().Malformed
			offer(t, holder, target, message)
			if counted := target.Stats().Malformed - before; counted != 1 {
				t.Errorf("%s: counted %d times", name, counted)
			}
		}
	})
}
