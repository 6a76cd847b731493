package cluster_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// What follows is on what is of this package alone: a member dials whoever sends datagrams under keys that it does not
// have, as it may have forgotten them. A memberlist dials nobody whom it does not know.

// withUnknownKeys runs test while strangers at many addresses send such datagrams. They accept streams, and say nothing.
func withUnknownKeys(t *testing.T, test func(t *testing.T, member *transport.Transport, dialled *atomic.Int64, c *testcluster.Cluster)) {
	t.Helper()
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		var dialled atomic.Int64
		member := attacker(t, counted{c.Network.Host(), new(atomic.Int64), &dialled}, "member@0000000000000001", keyringOf(t, greetSecret))
		defer member.Shutdown()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			var strangers []*testcluster.Host
			for range 100 {
				strangers = append(strangers, c.Network.Host())
			}
			for i := 0; ctx.Err() == nil; i++ {
				tell(strangers[i%len(strangers)], member.Address(), underAnyKey(nil), underAnyKey([]byte("x")))
				time.Sleep(20 * time.Millisecond)
			}
		}()
		test(t, member, &dialled, c)
		cancel()
		<-ended
		if s := member.Stats(); s.UnknownKey < 100 {
			t.Errorf("%d datagrams are counted", s.UnknownKey)
		}
	})
}

var greetSecret = cluster.NewSecret()

// TestAttack_StrangersAreSeldomDialled holds that strangers do not make a member dial at the rate at which they send.
func TestAttack_StrangersAreSeldomDialled(t *testing.T) {
	withUnknownKeys(t, func(t *testing.T, _ *transport.Transport, dialled *atomic.Int64, _ *testcluster.Cluster) {
		const atOnce, eachSecond, seconds = 32, 8, 20 // package transport says so
		time.Sleep(seconds * time.Second)
		if got := dialled.Load(); got > atOnce+eachSecond*seconds || got < seconds { // fewer, as these say nothing
			t.Errorf("%d strangers were dialled in %d seconds", got, seconds)
		}
	})
}

// TestAttack_GreetedStrangers holds that a handshake with a member does not wait for those with strangers.
func TestAttack_GreetedStrangers(t *testing.T) {
	withUnknownKeys(t, func(t *testing.T, member *transport.Transport, _ *atomic.Int64, c *testcluster.Cluster) {
		other := attacker(t, c.Network.Host(), "other@0000000000000001", keyringOf(t, greetSecret))
		defer other.Shutdown()
		for range 20 {
			time.Sleep(700 * time.Millisecond)
			began := time.Now()
			_, err := member.Identify(t.Context(), other.Address(), 5*time.Second)
			if took := time.Since(began); err != nil || took > 100*time.Millisecond {
				t.Errorf("a handshake with a member took %v: %v", took, err)
			}
		}
	})
}
