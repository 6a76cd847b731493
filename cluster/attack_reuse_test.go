package cluster_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// dialCount counts the streams that its member opens to one address.
type dialCount struct {
	cluster.Transport
	to    *atomic.Value
	count *atomic.Int64
}

func (d dialCount) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	if to.Addr == d.to.Load() {
		d.count.Add(1)
	}
	return d.Transport.DialAddressTimeout(to, timeout)
}

// TestFault17_NotDialledInALoop has a member of another cluster get the address of a member that has died, or whose host
// fell silent. Once that is known, nobody goes on dialling it.
func TestFault17_NotDialledInALoop(t *testing.T) {
	secret := cluster.NewSecret()
	for mode, home := range map[string]cluster.Config{"sealed": {Secret: secret}, "without a secret": {Insecure: true}} {
		for name, end := range map[string]func(*testcluster.Cluster, *testcluster.Member){
			"killed": (*testcluster.Cluster).Kill, "vanished": (*testcluster.Cluster).Vanish,
		} {
			t.Run(mode+", "+name, func(t *testing.T) {
				sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
					var reused atomic.Value
					var dialled atomic.Int64
					for _, name := range []string{"m1", "m2", "m3", "gone"} { // the last is nobody's seed
						host := c.Network.Host()
						home.Name, home.Transport = name, dialCount{host, &reused, &dialled}
						c.Run(host, home)
					}
					c.AwaitConverged(time.Minute)
					gone, mine := c.Members[3], c.Members[:3]
					end(c, gone)
					c.AwaitConverged(time.Minute)
					reused.Store(gone.Address())
					stop := stays(t, mine, "the members of this cluster", both(members(3), lacks("stranger")))
					other := home
					other.Name, other.Cluster, other.Transport, other.Join = "stranger", "other", nil, []string{}
					stranger := c.Run(c.Network.HostAt(gone.Host.IP()), other)
					c.Members = c.Members[:3]
					defer stranger.Close()
					time.Sleep(time.Minute)
					soon := dialled.Load()
					watched := brief(2*time.Minute, everyday(5*time.Minute, 30*time.Minute))
					time.Sleep(watched)
					stop()
					if later := dialled.Load() - soon; later > 0 {
						t.Errorf("its address was dialled %d times in the first minute, and %d times in the %v after that", soon, later, watched)
					}
					counted := stranger.Stats().Refused[transport.ReasonCluster]
					t.Logf("dialled %d times; the stranger has refused %d", soon, counted)
					if !members(1)(stranger.View().Snapshot()) {
						t.Error("the stranger sees others")
					}
				})
			})
		}
	}
}
