package cluster_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// flooder sends as much as it can of one kind to one member.
type flooder struct {
	*transport.Transport
	id, name string
	host     *testcluster.Host
	to       *testcluster.Member
}

// The kinds of messages that members flood each other with below.
const (
	floodRecord  transport.Kind = 1
	floodHeads   transport.Kind = 7
	floodWant    transport.Kind = 8
	floodRecords transport.Kind = 9
	floodRelay   transport.Kind = 10
	floodBranch  transport.Kind = 11
)

func lengthened(s string) []byte { return append([]byte{byte(len(s))}, s...) }

// head is one of a member that there is not.
func (f *flooder) head(k, i int) membership.Head {
	return membership.Head{Name: fmt.Sprintf("f%06d", i), Boot: membership.Boot{Number: uint64(k + 1), ID: uint64(i + 1)}, Version: 1,
		Form: membership.WireVersion, Address: fmt.Sprintf("10.9.%d.%d:%d", i>>8&255, i&255, k%60000+1)}
}

// record is one of the flooder itself, as large as may be.
func (f *flooder) record(t *testing.T, k int) []byte {
	r := membership.Record{Name: f.name, Boot: membership.Boot{Number: 1, ID: 1}, Version: uint64(k + 1)}
	for i := range 1000 {
		r.Services = append(r.Services, membership.Service{Name: fmt.Sprint("s", i), Address: "a:1", Version: fmt.Sprint(k), Weight: 1})
	}
	encoded, err := r.Encode(nil, membership.WireVersion)
	if err != nil {
		t.Error(err)
	}
	return encoded
}

// message is the kth of a kind.
func (f *flooder) message(t *testing.T, kind transport.Kind, k int) []byte {
	push := append(append(lengthened(f.host.Address().String()), lengthened(string(meta))...), f.record(t, k)...)
	switch kind {
	case floodHeads:
		message := append(lengthened(f.id), 1, 0, 0)
		for i := 0; len(message) < 47<<10; i++ {
			message = f.head(k, i).Append(message)
		}
		return message
	case floodWant:
		message := lengthened(f.id)
		for i := 0; len(message) < transport.MaxMessage-10; i++ {
			message = append(message, lengthened(fmt.Sprintf("%06d", i))...)
		}
		return message
	case floodRecords:
		message := lengthened(f.id)
		for i := 0; len(message) < 120<<10; i++ {
			r := membership.Record{Name: fmt.Sprint("f", k*5000+i), Boot: membership.Boot{Number: 1, ID: 1}, Version: 1}
			encoded, _ := r.Encode(nil, membership.WireVersion)
			message = append(binary.AppendUvarint(append(message, 0), uint64(len(encoded))), encoded...)
		}
		return message
	case floodRelay:
		return append(append(lengthened("a"), lengthened("z")...), push...)
	case floodBranch:
		return append(lengthened(f.id), f.record(t, k)...)
	}
	return push
}

// flood sends until ctx is done.
func (f *flooder) flood(ctx context.Context, t *testing.T, kind transport.Kind) {
	for k := 0; ctx.Err() == nil; k++ {
		if kind == 0 {
			f.join(t, k)
		} else if err := f.Deliver(ctx, kind, at(f.to), f.message(t, kind, k)); err != nil {
			time.Sleep(time.Millisecond)
		}
	}
}

// join tells of as many members as fit into a push/pull.
func (f *flooder) join(t *testing.T, k int) {
	state := append(append([]byte{2}, lengthened(f.id)...), make([]byte, 8)...)
	for i := 0; len(state) < 200<<10; i++ {
		state = f.head(k, i).Append(state)
	}
	message := packed(pushPullKind, pushPullHead{1, len(state), true}, pushPullNode{f.id, f.host.IP().AsSlice(), f.host.Address().Port(), meta, 1, 0, vsn})
	conn, err := f.DialAddressTimeout(at(f.to), time.Second)
	if err != nil {
		time.Sleep(10 * time.Millisecond)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	conn.Write(append(message, state...))
	conn.Read(make([]byte, transport.MaxStream))
	time.Sleep(50 * time.Millisecond)
}

// TestFault51_FloodsDelayNobody has one member, or three, flood another with as much as it takes, of each kind in turn: it hears of
// registrations as ever, others hear of its own, it suspects nobody, and closes at once.
func TestFault51_FloodsDelayNobody(t *testing.T) {
	pause, liars := brief(50*time.Millisecond, everyday(150*time.Millisecond, 2*time.Second)), everyday(1, 3)
	for name, kind := range map[string]transport.Kind{
		"records": floodRecord, "heads": floodHeads, "wants": floodWant, "hearsay": floodRecords,
		"relays": floodRelay, "relayed records": floodBranch, "joins": 0,
	} {
		t.Run(name, func(t *testing.T) {
			sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				authority := newPKI(t)
				for _, name := range []string{"m1", "m2", "m3"} {
					c.Run(c.Network.Host(), authority.member(name))
				}
				c.AwaitConverged(time.Minute)
				ctx, cancel := context.WithCancel(t.Context())
				var floods sync.WaitGroup
				for i := range liars {
					name := fmt.Sprint("liar", i)
					host := c.Network.Host()
					liar := attacker(t, host, name+"@0000000000000001", authority.identity(authority.issue(name)))
					defer liar.Shutdown()
					f := &flooder{liar, name + "@0000000000000001", name, host, c.Members[0]}
					floods.Go(func() { f.flood(ctx, t, kind) })
				}
				defer floods.Wait()
				defer cancel()
				for _, from := range c.Members {
					time.Sleep(pause)
					mustRegister(t, from, users(from))
					c.AwaitViews(200*time.Millisecond, c.Members, func(s *membership.Snapshot) bool {
						m, listed := s.Member(from.Name())
						return listed && len(m.Services) == 1 && !m.Suspected
					})
				}
				began := time.Now()
				c.Members[0].Close()
				if took := time.Since(began); took > time.Second {
					t.Errorf("Close takes %v", took)
				}
			})
		})
	}
}
