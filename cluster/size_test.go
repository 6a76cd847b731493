package cluster_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

const mtu = 1200 // bytes of a datagram, as promised

// recordSizes are on both sides of what goes by datagram, and the largest that there may be but for some bytes.
var recordSizes = []int{0, 800, 950, 1000, 1100, 1200, 4000, membership.MaxRecord - 200}

func TestLargeRecordArrivesWhole(t *testing.T) {
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) { exchangeRecords(t, c) })
}

func TestFault7_LargePacketsDropped(t *testing.T) {
	small := normal
	small.MaxDatagram = mtu
	virtualOver(t, small, func(t *testing.T, c *testcluster.Cluster) {
		grow(c, 10)
		c.AwaitConverged(5 * time.Second)
		exchangeRecords(t, c)
	})
}

// exchangeRecords gives a member records of all sizes and expects to see them everywhere, as they are.
func exchangeRecords(t *testing.T, c *testcluster.Cluster) {
	t.Helper()
	registration := mustRegister(t, c.Members[1], membership.Service{Name: "users", Address: "a:1"})
	for _, size := range recordSizes {
		want := membership.Service{Name: "users", Address: fmt.Sprintf("a:%d", 2+size%65000), Weight: 100,
			Metadata: map[string]string{"k": strings.Repeat("v", size)}}
		if err := registration.Update(want); err != nil {
			t.Fatal(err)
		}
		c.AwaitViews(time.Second, c.Members, offers("users", want.Address))
		for _, m := range c.Members {
			if got := m.View().Snapshot().Available("users")[0].Service; !reflect.DeepEqual(got, want) {
				t.Errorf("a record of %d bytes and more is changed in the view of %s", size, m.Name())
			}
		}
	}
}

// scales notes the size of the largest datagram that was sent.
type scales struct {
	cluster.Transport
	largest *atomic.Int64
}

func (s scales) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	for seen := s.largest.Load(); int64(len(b)) > seen; seen = s.largest.Load() {
		s.largest.CompareAndSwap(seen, int64(len(b)))
	}
	return s.Transport.WriteToAddress(b, to)
}

// TestFault7_DatagramsAreSmall sends what takes the most room: a secret, the longest names, and news of many at once.
func TestFault7_DatagramsAreSmall(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		var largest atomic.Int64
		secret := cluster.NewSecret()
		for i := range 20 {
			host := c.Network.Host()
			config := c.Config(host, cluster.Config{
				Name: fmt.Sprintf("%02d%s", i, strings.Repeat("n", 61-i%10)), Cluster: strings.Repeat("c", 63), Secret: secret})
			config.Transport = scales{host, &largest}
			node, err := cluster.Start(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			c.Members = append(c.Members, &testcluster.Member{Node: node, Host: host})
		}
		c.AwaitConverged(10 * time.Second)
		exchangeRecords(t, c)
		if got := largest.Load(); got > mtu || got < mtu*3/4 {
			t.Errorf("the largest datagram has %d bytes, want at most %d, and not far from it", got, mtu)
		}
	})
}
