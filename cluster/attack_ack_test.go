package cluster_test

import (
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// ackOf answers the ping of that number, nackOf says that no answer came.
func ackOf(number uint32) []byte {
	return packed(2, struct {
		SeqNo   uint32
		Payload []byte
	}{number, nil})
}

func nackOf(number uint32) []byte { return packed(11, struct{ SeqNo uint32 }{number}) }

// TestFault52_AcksOfAnothersPing has a member answer, for another that has vanished, all pings that there may be. A
// memberlist, which numbers them from 0, lists the other for as long as that goes on.
func TestFault52_AcksOfAnothersPing(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		lists := l.grow(3)
		liar, done := l.Host(), make(chan struct{})
		stop := make(chan struct{})
		go func() {
			defer close(done)
			for {
				for number := range uint32(150) {
					for _, b := range lists[:2] {
						liar.WriteTo(bareSealed(ackOf(number)), b.address())
					}
				}
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		}()
		time.Sleep(time.Second)
		lists[2].host.Vanish()
		time.Sleep(brief(15*time.Second, everyday(30*time.Second, time.Minute)))
		if !lists[0].sees("m3") {
			t.Error("a member that has vanished is dropped")
		}
		close(stop)
		<-done
		eventually(t, "drops it", func() bool { return !lists[0].sees("m3") })
	})
	for name, compound := range map[string]bool{"grapevine": false, "grapevine, many in one packet": true} {
		t.Run(name, func(t *testing.T) {
			withMember50(t, func(t *testing.T, c *testcluster.Cluster, authority *pki) {
				liar := attacker(t, c.Network.Host(), malloryID, authority.identity(authority.issue("mallory")))
				defer liar.Shutdown()
				watching := slices.Clone(c.Members[:2])
				unasked := watching[0].Stats().Unasked
				stop, done := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(done)
					for {
						spray(liar, watching, compound)
						select {
						case <-stop:
							return
						case <-time.After(100 * time.Millisecond):
						}
					}
				}()
				time.Sleep(time.Second)
				c.Vanish(c.Members[2])
				c.AwaitViews(15*time.Second, watching, lacks("m3"))
				stays := stays(t, watching, "without m3", lacks("m3"))
				time.Sleep(brief(5*time.Second, everyday(20*time.Second, 2*time.Minute)))
				stays()
				close(stop)
				<-done
				if watching[0].Stats().Unasked == unasked {
					t.Error("no answer is counted that nobody asked for")
				}
				c.Run(c.Network.Host(), authority.member("m4")) // three again
				c.AwaitViews(10*time.Second, c.Members, members(3))
			})
		})
	}
}

// spray sends answers to many numbers.
func spray(liar *transport.Transport, to []*testcluster.Member, compound bool) {
	b, parts := []byte{compoundKind, 240}, []byte(nil)
	for number := range uint32(120) {
		for _, answer := range [][]byte{ackOf(number), nackOf(number)} {
			b, parts = append(b, 0, byte(len(answer))), append(parts, answer...)
			if !compound {
				for _, m := range to {
					liar.WriteToAddress(answer, at(m))
				}
			}
		}
	}
	if compound {
		for _, m := range to {
			liar.WriteToAddress(append(b, parts...), at(m))
		}
	}
}
