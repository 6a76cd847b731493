package cluster_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// unreading is the network of a member that stops reading its connections, and answers every datagram.
type unreading struct {
	cluster.Transport
	stopped atomic.Bool
	streams chan net.Conn
	done    chan struct{}
	once    sync.Once
}

func newUnreading(host *testcluster.Host) *unreading {
	u := &unreading{Transport: host, streams: make(chan net.Conn), done: make(chan struct{})}
	go func() {
		for {
			select {
			case conn := <-host.StreamCh():
				select {
				case u.streams <- &unread{Conn: conn, by: u}:
				case <-u.done:
					conn.Close()
					return
				}
			case <-u.done:
				return
			}
		}
	}()
	return u
}

func (u *unreading) StreamCh() <-chan net.Conn { return u.streams }

func (u *unreading) Shutdown() error {
	u.once.Do(func() { close(u.done) })
	return u.Transport.Shutdown()
}

func (u *unreading) DialAddressTimeout(to cluster.Address, timeout time.Duration) (net.Conn, error) {
	conn, err := u.Transport.DialAddressTimeout(to, timeout)
	if err != nil {
		return nil, err
	}
	return &unread{Conn: conn, by: u}, nil
}

// unread is a connection of such a member.
type unread struct {
	net.Conn
	by    *unreading
	mu    sync.Mutex
	until time.Time
	gone  atomic.Bool
}

func (c *unread) Read(b []byte) (int, error) {
	for c.by.stopped.Load() {
		c.mu.Lock()
		until := c.until
		c.mu.Unlock()
		switch {
		case c.gone.Load():
			return 0, net.ErrClosed
		case !until.IsZero() && time.Now().After(until):
			return 0, os.ErrDeadlineExceeded
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-c.by.done:
			return 0, net.ErrClosed
		}
	}
	return c.Conn.Read(b)
}

func (c *unread) SetReadDeadline(until time.Time) error {
	c.mu.Lock()
	c.until = until
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(until)
}

func (c *unread) SetDeadline(until time.Time) error {
	c.SetReadDeadline(until)
	return c.Conn.SetDeadline(until)
}

func (c *unread) Close() error {
	c.gone.Store(true)
	return c.Conn.Close()
}

// beside runs m1 to m4, and so many members that stop reading once all see all.
func beside(t *testing.T, unreadingMembers int, test func(t *testing.T, c *testcluster.Cluster, readers []*testcluster.Member, u []*unreading)) {
	t.Helper()
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		for i := range 4 {
			c.Run(c.Network.Host(), named(fmt.Sprint("m", 1+i)))
		}
		var all []*unreading
		for i := range unreadingMembers {
			host := c.Network.Host()
			u := newUnreading(host)
			all = append(all, u)
			c.Run(host, cluster.Config{Name: fmt.Sprint("u", i), Transport: u})
		}
		c.AwaitConverged(time.Minute)
		time.Sleep(10 * time.Second)
		for _, u := range all {
			u.stopped.Store(true)
		}
		test(t, c, c.Members[:4], all)
	})
}

// heavy is a service whose record fills what a connection holds unread.
func heavy(m *testcluster.Member, version string) membership.Service {
	s := users(m)
	s.Version, s.Metadata = version, map[string]string{"k": strings.Repeat("v", 60<<10)}
	return s
}

// TestFault56_LargeRecordsPassThoseThatDoNotRead has a member change a large record beside 40 members that do not read, more
// than it has streams at a time: those that read have each change at once.
func TestFault56_LargeRecordsPassThoseThatDoNotRead(t *testing.T) {
	beside(t, 40, func(t *testing.T, c *testcluster.Cluster, readers []*testcluster.Member, _ []*unreading) {
		registration := mustRegister(t, readers[0], heavy(readers[0], "0"))
		for round := range brief(2, everyday(3, 6)) {
			version := fmt.Sprint(1 + round)
			time.Sleep(3 * time.Second)
			if err := registration.Update(heavy(readers[0], version)); err != nil {
				t.Fatal(err)
			}
			most := 300 * time.Millisecond
			if round == 0 {
				most = time.Second // who does not read is found out
			}
			c.AwaitViews(most, readers, func(s *membership.Snapshot) bool {
				instances := s.Instances("users")
				return len(instances) == 1 && instances[0].Service.Version == version
			})
		}
	})
}
