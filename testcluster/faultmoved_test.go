package testcluster_test

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// roaming is the transport of a process whose host changes its address, as a laptop that joins another network.
type roaming struct {
	from, to *testcluster.Host
	moved    atomic.Bool
	packets  chan *cluster.Packet
	streams  chan net.Conn
	done     chan struct{}
}

func newRoaming(from, to *testcluster.Host) *roaming {
	m := &roaming{from: from, to: to, packets: make(chan *cluster.Packet), streams: make(chan net.Conn), done: make(chan struct{})}
	for _, host := range []*testcluster.Host{from, to} {
		go m.receive(host)
	}
	return m
}

func (m *roaming) receive(host *testcluster.Host) {
	for {
		select {
		case packet := <-host.PacketCh():
			select {
			case m.packets <- packet:
			case <-m.done:
				return
			}
		case stream := <-host.StreamCh():
			select {
			case m.streams <- stream:
			case <-m.done:
				return
			}
		case <-m.done:
			return
		}
	}
}

func (m *roaming) host() *testcluster.Host {
	if m.moved.Load() {
		return m.to
	}
	return m.from
}

func (m *roaming) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) {
	return m.from.FinalAdvertiseAddr(ip, port)
}

func (m *roaming) WriteTo(b []byte, to string) (time.Time, error) { return m.host().WriteTo(b, to) }

func (m *roaming) WriteToAddress(b []byte, to cluster.Address) (time.Time, error) {
	return m.host().WriteToAddress(b, to)
}

func (m *roaming) PacketCh() <-chan *cluster.Packet { return m.packets }
func (m *roaming) StreamCh() <-chan net.Conn        { return m.streams }

func (m *roaming) DialTimeout(to string, d time.Duration) (net.Conn, error) {
	return m.host().DialTimeout(to, d)
}

func (m *roaming) DialAddressTimeout(to cluster.Address, d time.Duration) (net.Conn, error) {
	return m.host().DialAddressTimeout(to, d)
}

func (m *roaming) Shutdown() error {
	close(m.done)
	m.from.Shutdown()
	return m.to.Shutdown()
}

// TestFault8_AddressChanges moves the host of a process to another address while it runs: it still
// reaches the others, and nobody reaches it. It stays off all lists for as long, is told where it
// is seen, and is back once it has its address again.
func TestFault8_AddressChanges(t *testing.T) {
	var log lockedBuffer
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		m := newRoaming(c.Network.Host(), c.Network.Host())
		seeker := c.Network.Host()
		c.Run(seeker, cluster.Config{Name: "seeker", Join: []string{c.Members[0].Address(), virtualAddress}, Transport: balanced{seeker,
			func(int64) string { return m.to.Address().String() }, new(atomic.Int64)}}) // its seed leads to where the laptop will be
		others := c.Members
		laptop := c.Run(m.from, cluster.Config{Name: "laptop", Transport: m, Logger: zerolog.New(&log)})
		defer time.Sleep(time.Minute) // memberlist's probes outlive its Shutdown
		defer laptop.Close()
		if _, err := laptop.Register(membership.Service{Name: "users", Address: m.from.IP().String() + ":80"}); err != nil {
			t.Fatal(err)
		}
		c.AwaitViews(time.Second, others, func(s view) bool { return len(s.Instances("users")) == 1 })
		m.moved.Store(true)
		c.Network.Cut(hosts(others...), []*testcluster.Host{m.from})
		c.AwaitViews(10*time.Second, others, lacks("laptop"))
		stop := throughout(t, others, "does not list what nobody reaches", lacks("laptop"))
		time.Sleep(testcluster.Everyday(10*time.Minute, forgotten))
		stop()
		if !strings.Contains(log.String(), "wrong advertise address") {
			t.Errorf("it is not told where it is seen:\n%s", log.String())
		}
		m.moved.Store(false)
		c.Heal()
		c.AwaitConverged(afterHeal)
	})
}

// TestFault11_LostAnswersAtOnce has a member that was dropped speak again from where it was: it is
// probed at its first sign of life, and listed by all at once.
func TestFault11_LostAnswersAtOnce(t *testing.T) {
	for seed := range uint64(3) {
		virtual(t, 12, func(t *testing.T, c *testcluster.Cluster) {
			lost := c.Members[5]
			c.Pause(lost)
			c.AwaitViews(time.Minute, except(c, lost), lacks(lost.Name()))
			c.Resume(lost)
			began := time.Now()
			c.AwaitViews(time.Second, except(c, lost), lists(lost))
			t.Logf("listed again by all after %v", time.Since(began))
		}, testcluster.WithSeed(seed))
	}
}
