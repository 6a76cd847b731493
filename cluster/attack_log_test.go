package cluster_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

const malformedPackets = 500

// TestAttack_LogFlood sends malformed packets that differ in what is wrong with them. A memberlist writes a line for each.
func TestAttack_LogFlood(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		target := l.grow(2, open)[0]
		before := len(target.log.all())
		for i := range malformedPackets {
			tell(l.lists[1].host, target.address(), append([]byte{deadKind}, fmt.Sprint(i)...))
		}
		time.Sleep(time.Second)
		if said := len(target.log.all()) - before; said < malformedPackets {
			t.Errorf("%d lines for %d packets", said, malformedPackets)
		}
	})
	for mode, config := range map[string]cluster.Config{"sealed": {Secret: cluster.NewSecret()}, "without a secret": {Insecure: true}} {
		t.Run("grapevine, "+mode, func(t *testing.T) {
			sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
				var log lines
				config.Name = "m1"
				config.Logger = zerolog.New(&log).Level(zerolog.WarnLevel)
				target := c.Run(c.Network.Host(), config)
				warned := len(log.all()) // that nothing is sealed, where that is so
				member := attacker(t, c.Network.Host(), holderID, keyringOf(t, config.Secret))
				defer member.Shutdown()
				for i := range malformedPackets {
					member.WriteToAddress(packed(deadKind, map[string]int{fmt.Sprintf("field%d", i): i}), at(target))
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Second)
				if counted := target.Stats().Malformed; counted != malformedPackets {
					t.Errorf("%d of %d packets are counted", counted, malformedPackets)
				}
				if said := log.all()[warned:]; len(said) > 5 {
					t.Errorf("%d lines for %d packets, one was expected:\n%s", len(said), malformedPackets, strings.Join(said[:3], ""))
				}
			})
		})
	}
}
