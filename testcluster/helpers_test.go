package testcluster_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// virtual runs test on virtual time, with n members that all see each other. In the everyday run they are plain unless
// their config holds a secret: handshakes take a third of the processor time. The long run seals them. Tests of attacks
// and of encryption use sealed.
func virtual(t *testing.T, n int, test func(t *testing.T, c *testcluster.Cluster), options ...testcluster.Option) {
	t.Helper()
	sealed(t, n, test, append(plainEveryday(), options...)...)
}

func plainEveryday() []testcluster.Option {
	return testcluster.Everyday([]testcluster.Option{testcluster.WithInsecure()}, nil)
}

// sealed is virtual with members that share a secret, unless their config is Insecure.
func sealed(t *testing.T, n int, test func(t *testing.T, c *testcluster.Cluster), options ...testcluster.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := testcluster.Start(t, n, options...)
		c.AwaitConverged(time.Minute)
		test(t, c)
	})
}

// pair runs test on virtual time, with two hosts on a network whose links are all alike.
func pair(t *testing.T, link testcluster.Link, test func(t *testing.T, n *testcluster.Network, a, b *testcluster.Host)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := testcluster.NewNetwork(1, link)
		test(t, n, n.Host(), n.Host())
	})
}

func send(from, to *testcluster.Host, payload string) {
	from.WriteToAddress([]byte(payload), cluster.Address{Addr: to.Address().String()}) // UDP does not tell
}

// received takes the datagrams that have arrived.
func received(h *testcluster.Host) (payloads []string) {
	for {
		select {
		case packet := <-h.PacketCh():
			payloads = append(payloads, string(packet.Buf))
		default:
			return payloads
		}
	}
}

// connect opens a stream and gives both ends, which are closed with the test.
func connect(t *testing.T, from, to *testcluster.Host) (near, far net.Conn) {
	t.Helper()
	near, err := from.DialTimeout(to.Address().String(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	far = <-to.StreamCh()
	t.Cleanup(func() {
		near.Close()
		far.Close()
	})
	return near, far
}

func mustWrite(t *testing.T, to io.Writer, b []byte) {
	t.Helper()
	if _, err := to.Write(b); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func mustRead(t *testing.T, from io.Reader, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(from, b); err != nil {
		t.Fatalf("read: %v", err)
	}
	return b
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &timeout) && timeout.Timeout()
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func hosts(members ...*testcluster.Member) (hosts []*testcluster.Host) {
	for _, m := range members {
		hosts = append(hosts, m.Host)
	}
	return hosts
}

// except gives the members of c but one.
func except(c *testcluster.Cluster, m *testcluster.Member) []*testcluster.Member {
	return slices.DeleteFunc(slices.Clone(c.Members), func(other *testcluster.Member) bool { return other == m })
}

type (
	view      = *membership.Snapshot
	condition = func(view) bool
)

// lists says that a view holds all of these members, and perhaps others.
func lists(members ...*testcluster.Member) condition {
	return func(s view) bool {
		return !slices.ContainsFunc(members, func(m *testcluster.Member) bool { return lacks(m.Name())(s) })
	}
}

func lacks(name string) condition {
	return func(s view) bool {
		_, listed := s.Member(name)
		return !listed
	}
}

func names(s view) (names []string) {
	for _, m := range s.Members() {
		names = append(names, m.Name)
	}
	return names
}

// throughout fails the test as soon as one of the views is not right, until stop is called.
func throughout(t *testing.T, watched []*testcluster.Member, what string, right condition) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	began := time.Now()
	for _, m := range watched {
		go func() {
			for snapshot := range m.View().Follow(ctx) {
				if !right(snapshot) && ctx.Err() == nil {
					t.Errorf("after %v the view of %s is not right: %s; it lists %v", time.Since(began), m.Name(), what, names(snapshot))
					break
				}
			}
			done <- struct{}{}
		}()
	}
	return func() {
		synctest.Wait()
		cancel()
		for range watched {
			<-done
		}
	}
}
