package cluster_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// The kinds of the messages by which a liar tells of another, see message.go.
const (
	liarHeads   transport.Kind = 7
	liarBranch  transport.Kind = 11
	liarRelayed transport.Kind = 12
)

// liarSays is the head of a message of mallory's.
func liarSays() []byte { return append([]byte{byte(len(malloryID))}, malloryID...) }

// liarHead encodes a head whose numbers a member of this release would refuse to send as well.
func liarHead(r membership.Record, gone time.Duration, address string) []byte {
	h := membership.Head{Name: r.Name, Boot: r.Boot, Version: r.Version, State: r.State, Form: membership.WireVersion, Gone: gone, Address: address}
	return h.Append(nil)
}

// liarHeadsOf tells of heads, all names or none but these.
func liarHeadsOf(heads ...[]byte) []byte {
	return slices.Concat(append([][]byte{liarSays(), {0, 0, 0}}, heads...)...)
}

// liarWays are the ways to tell m of a record that its owner did not write.
var liarWays = map[string]func(t *testing.T, mallory *transport.Transport, m *testcluster.Member, r membership.Record){
	"record": func(t *testing.T, mallory *transport.Transport, m *testcluster.Member, r membership.Record) {
		deliver(t, mallory, m, recordsKind, hearsay(liarEncodes(t, r)))
	},
	"record of one that is gone": func(t *testing.T, mallory *transport.Transport, m *testcluster.Member, r membership.Record) {
		encoded := liarEncodes(t, r)
		message := append(liarSays(), 1) // second
		deliver(t, mallory, m, recordsKind, append(binary.AppendUvarint(message, uint64(len(encoded))), encoded...))
	},
	"branch": func(t *testing.T, mallory *transport.Transport, m *testcluster.Member, r membership.Record) {
		mallory.Send(liarBranch, at(m), append(liarSays(), liarEncodes(t, r)...))
	},
	"head of one that lives": func(t *testing.T, mallory *transport.Transport, m *testcluster.Member, r membership.Record) {
		deliver(t, mallory, m, liarHeads, liarHeadsOf(liarHead(r, 0, "10.0.0.99:7946")))
	},
	"head of one that is gone": func(t *testing.T, mallory *transport.Transport, m *testcluster.Member, r membership.Record) {
		deliver(t, mallory, m, liarHeads, liarHeadsOf(liarHead(r, time.Second, "")))
	},
	"state": func(t *testing.T, mallory *transport.Transport, m *testcluster.Member, r membership.Record) {
		for _, gone := range []time.Duration{0, time.Second} {
			state := append(append([]byte{2}, liarSays()...), make([]byte, 8)...) // a version, who, and a digest
			state = append(state, liarHead(r, gone, "")...)
			conn, err := mallory.DialAddressTimeout(at(m), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			conn.Write(append(packed(pushPullKind, pushPullHead{UserStateLen: len(state), Join: true}), state...))
			conn.SetReadDeadline(time.Now().Add(time.Second))
			conn.Read(make([]byte, transport.MaxStream))
			conn.Close()
		}
	},
	"confirmation": func(_ *testing.T, mallory *transport.Transport, m *testcluster.Member, r membership.Record) {
		if id := fmt.Sprintf("%s@%016x", r.Name, r.Boot.ID); id == idOf(m) {
			mallory.Send(ackKind, at(m), ack(malloryID, id, r.Boot, r.Version))
		}
	},
}

func liarEncodes(t *testing.T, r membership.Record) []byte {
	t.Helper()
	encoded, err := r.Encode(nil, membership.WireVersion)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

const (
	liarStep = 1 << 32 // by which hearsay may exceed what is known
	liarMost = membership.NumberLimit - 1
)

// liarLies are what mallory makes of the record of another.
var liarLies = map[string]func(r *membership.Record){
	"the same version":           func(r *membership.Record) {},
	"a version":                  func(r *membership.Record) { r.Version++ },
	"a step of versions":         func(r *membership.Record) { r.Version += liarStep },
	"the last version":           func(r *membership.Record) { r.Version = liarMost },
	"version 2^64-1":             func(r *membership.Record) { r.Version = math.MaxUint64 },
	"a number":                   func(r *membership.Record) { r.Boot.Number++; r.Version = 1 },
	"a step of numbers":          func(r *membership.Record) { r.Boot.Number += liarStep; r.Version = 1 },
	"the last number":            func(r *membership.Record) { r.Boot.Number, r.Version = liarMost, liarMost },
	"number 2^64-1":              func(r *membership.Record) { r.Boot.Number = math.MaxUint64 },
	"another boot":               func(r *membership.Record) { r.Boot.Number++; r.Boot.ID, r.Version = math.MaxUint64, 1 },
	"another boot, the same":     func(r *membership.Record) { r.Boot.ID = math.MaxUint64 },
	"another boot, a step":       func(r *membership.Record) { r.Boot.Number += liarStep; r.Boot.ID, r.Version = math.MaxUint64, 1 },
	"another boot, the last":     func(r *membership.Record) { r.Boot = membership.Boot{Number: liarMost, ID: math.MaxUint64} },
	"a goodbye":                  func(r *membership.Record) { r.State = membership.Left; r.Version++ },
	"a goodbye, a step":          func(r *membership.Record) { r.State = membership.Left; r.Version += liarStep },
	"a goodbye, a number":        func(r *membership.Record) { r.State = membership.Left; r.Boot.Number++ },
	"a goodbye of the last boot": func(r *membership.Record) { r.State = membership.Left; r.Boot.Number = liarMost },
	"a goodbye of another boot":  func(r *membership.Record) { r.State = membership.Left; r.Boot.Number++; r.Boot.ID = 1 << 63 },
	"a drain":                    func(r *membership.Record) { r.State = membership.Draining; r.Version++ },
}

// liarRecord is what mallory says of a member now.
func liarRecord(of *testcluster.Member, lie func(r *membership.Record)) membership.Record {
	self, _ := of.View().Snapshot().Member(of.Name())
	r := membership.Record{Name: of.Name(), Boot: self.Boot, Version: 3,
		Services: []membership.Service{{Name: "users", Address: "mallory.example:80", Weight: 100}}}
	lie(&r)
	return r
}

// withLiar runs three members with a service of m3, and mallory.
func withLiar(t *testing.T, test func(t *testing.T, c *testcluster.Cluster, authority *pki, mallory *transport.Transport, victim *testcluster.Member)) {
	t.Helper()
	withLyingMember(t, func(t *testing.T, c *testcluster.Cluster, authority *pki, mallory *transport.Transport) {
		victim := c.Members[2]
		mustRegister(t, victim, users(victim))
		c.AwaitConverged(prompt)
		test(t, c, authority, mallory, victim)
	})
}

// liarRight is how every view has to look.
func liarRight(victim *testcluster.Member) condition {
	return both(offers("users", usersAddress(victim)), func(s *membership.Snapshot) bool {
		m, listed := s.Member(victim.Name())
		return listed && m.State == membership.Active
	})
}

// TestFault47_Liar has a member tell everybody, the victim included, of a record of another, in every way and with every
// number, again and again. No view follows at any moment, changes of the victim still reach all, and it may restart. A
// newcomer that hears of the lie first is right within a second. That a memberlist believes as much is in
// TestAttack_RecordOfAnother and TestAttack_MemberBuriesAnother. Every sixth pair of a way and a lie is in each run.
func TestFault47_Liar(t *testing.T) {
	patience, times := everyday(5*time.Second, time.Minute), brief(3, 5)
	for i, way := range slices.Sorted(maps.Keys(liarWays)) {
		for j, what := range slices.Sorted(maps.Keys(liarLies)) {
			tell, lie := liarWays[way], liarLies[what]
			if (i+j)%6 != 0 && !*long {
				continue
			}
			t.Run(way+"/"+what, func(t *testing.T) {
				withLiar(t, func(t *testing.T, c *testcluster.Cluster, authority *pki, mallory *transport.Transport, victim *testcluster.Member) {
					stop := stays(t, c.Members, "m3 as it is", liarRight(victim))
					for range times {
						for _, m := range c.Members {
							tell(t, mallory, m, liarRecord(victim, lie))
						}
						time.Sleep(700 * time.Millisecond)
					}
					stop()
					mustRegister(t, victim, membership.Service{Name: "late", Address: "late.example:80"})
					c.AwaitViews(time.Second, c.Members, offers("late", "late.example:80"))

					newcomer := c.Run(c.Network.Host(), authority.member("new"))
					tell(t, mallory, newcomer, liarRecord(victim, lie))
					c.AwaitViews(time.Second, []*testcluster.Member{newcomer}, liarRight(victim))

					victim = c.Restart(victim)
					mustRegister(t, victim, users(victim))
					c.AwaitViews(time.Second, c.Members, liarRight(victim))
					time.Sleep(patience)
					c.AwaitViews(0, c.Members, liarRight(victim))
				})
			})
		}
	}
}

// TestFault47_LiarForHours has the liar exceed what is known by the bound, again and again. The victim restarts under it.
func TestFault47_LiarForHours(t *testing.T) {
	times := brief(25, everyday(100, 1000))
	for _, what := range []string{"a step of versions", "a step of numbers", "another boot, a step", "a goodbye, a step"} {
		t.Run(what, func(t *testing.T) {
			withLiar(t, func(t *testing.T, c *testcluster.Cluster, _ *pki, mallory *transport.Transport, victim *testcluster.Member) {
				lie := liarLies[what]
				attack := func() {
					for range times {
						r := liarRecord(victim, lie)
						for _, m := range c.Members {
							for _, way := range []string{"record", "confirmation", "head of one that is gone"} {
								liarWays[way](t, mallory, m, r)
							}
						}
						time.Sleep(2 * time.Second)
					}
				}
				stop := stays(t, c.Members, "m3 as it is", liarRight(victim))
				attack()
				stop()
				for range 3 {
					victim = c.Restart(victim)
					mustRegister(t, victim, users(victim))
					c.AwaitViews(time.Second, c.Members, liarRight(victim))
				}
				attack()
				c.AwaitViews(0, c.Members, liarRight(victim))
			})
		})
	}
}

// TestFault4_TheWordOfOthers has what a member says not reach another, which sees it alive: the word of others does.
func TestFault4_TheWordOfOthers(t *testing.T) {
	withLiar(t, func(t *testing.T, c *testcluster.Cluster, _ *pki, _ *transport.Transport, victim *testcluster.Member) {
		c.Network.Cut(hosts(c.Members[:1]), hosts([]*testcluster.Member{victim}))
		mustRegister(t, victim, membership.Service{Name: "late", Address: "late.example:80"})
		c.AwaitViews(20*time.Second, c.Members[:1], offers("late", "late.example:80"))
		c.Heal()
	})
}

// TestFault48_LiarAboutTheGone has the liar say goodbye for a member while it is cut off. Once it is reached again it is
// listed, gets the updates of the others, and they wait for it when they drain.
func TestFault48_LiarAboutTheGone(t *testing.T) {
	for way, tell := range liarWays {
		for _, what := range []string{"a goodbye", "a goodbye, a step", "a goodbye of another boot", "another boot, the last", "a step of numbers"} {
			t.Run(way+"/"+what, func(t *testing.T) {
				withLiar(t, func(t *testing.T, c *testcluster.Cluster, _ *pki, mallory *transport.Transport, victim *testcluster.Member) {
					c.Cut([]*testcluster.Member{victim}, c.Members[:2])
					c.AwaitViews(time.Minute, c.Members[:2], lacks("m3"))
					for _, m := range c.Members {
						tell(t, mallory, m, liarRecord(victim, liarLies[what]))
					}
					c.Heal()
					c.AwaitViews(30*time.Second, c.Members, both(members(3), liarRight(victim)))
					mustRegister(t, c.Members[0], membership.Service{Name: "late", Address: "late.example:80"})
					c.AwaitViews(time.Second, c.Members, offers("late", "late.example:80"))
					c.Network.CutOneWay(hosts([]*testcluster.Member{victim}), hosts(c.Members[:1]))
					if err := c.Members[0].Drain(within(t, 500*time.Millisecond)); err == nil {
						t.Error("a drain does not wait for it")
					}
					c.Heal()
				})
			})
		}
	}
}
