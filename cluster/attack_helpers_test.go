package cluster_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// The tests TestAttack_... do everything twice: to a plain memberlist, to show that the attack is one, and to members of
// this package, to show that it is none here and that a counter tells of it. Where the attacker is an outsider, that
// memberlist has a key and a label, as strict as it can be. Where it holds out as well, the test says so.

// lab is a network of plain memberlists, on virtual time.
type lab struct {
	*testcluster.Network
	t     *testing.T
	lists []*bare // of the cluster to which another one is added
	all   []*bare // of every cluster
}

// bare is a plain memberlist, with its defaults for a LAN, a key and a label.
type bare struct {
	*memberlist.Memberlist
	name string
	host *testcluster.Host
	log  lines
}

var bareKey = []byte("sixteen byte key")

const bareLabel = "home"

// plainly runs the attack on plain memberlists, as the sub-test "memberlist".
func plainly(t *testing.T, test func(t *testing.T, l *lab)) {
	t.Helper()
	t.Run("memberlist", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := &lab{Network: testcluster.NewNetwork(1, normal), t: t}
			defer time.Sleep(time.Minute) // its probes outlive its Shutdown
			defer l.close()
			test(t, l)
		})
	})
}

func (l *lab) close() {
	for _, b := range l.all {
		b.Shutdown()
	}
}

// run starts a memberlist that joins the first one.
func (l *lab) run(host *testcluster.Host, name string, edits ...func(*memberlist.Config)) *bare {
	l.t.Helper()
	b := &bare{name: name, host: host}
	config := memberlist.DefaultLANConfig()
	config.Name, config.Transport, config.LogOutput = name, host, &b.log
	config.SecretKey, config.Label = bareKey, bareLabel
	for _, edit := range edits {
		edit(config)
	}
	list, err := memberlist.Create(config)
	if err != nil {
		l.t.Fatal(err)
	}
	b.Memberlist = list
	l.lists, l.all = append(l.lists, b), append(l.all, b)
	if first := l.lists[0]; first != b {
		list.Join([]string{first.address()}) // whether that succeeds is what tests are about
	}
	return b
}

// grow starts n of them, m1 and so on, that all see each other.
func (l *lab) grow(n int, edits ...func(*memberlist.Config)) []*bare {
	l.t.Helper()
	for i := range n {
		l.run(l.Host(), fmt.Sprintf("m%d", i+1), edits...)
	}
	for _, b := range l.lists {
		eventually(l.t, "sees all", func() bool { return len(b.Members()) == n })
	}
	return l.lists
}

// open leaves out key and label, as is memberlist's default.
func open(c *memberlist.Config) { c.SecretKey, c.Label = nil, "" }

// over puts a memberlist on another transport.
func over(t memberlist.Transport) func(*memberlist.Config) {
	return func(c *memberlist.Config) { c.Transport = t }
}

// told keeps what memberlists tell of nodes when they come, and when what they say of themselves changes. What Members gives
// is memberlist's own, but for the names.
type told struct {
	mu    sync.Mutex
	nodes []memberlist.Node
}

func (l *told) NotifyJoin(n *memberlist.Node)   { l.add(*n) }
func (l *told) NotifyUpdate(n *memberlist.Node) { l.add(*n) }
func (l *told) NotifyLeave(*memberlist.Node)    {}

func (l *told) add(n memberlist.Node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nodes = append(l.nodes, n)
}

func (l *told) any(right func(memberlist.Node) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.nodes, right)
}

func telling(to *told) func(*memberlist.Config) {
	return func(c *memberlist.Config) { c.Events = to }
}

func (b *bare) address() string { return b.host.Address().String() }

func (b *bare) sees(name string) bool {
	return slices.ContainsFunc(b.Members(), func(n *memberlist.Node) bool { return n.Name == name })
}

// eventually waits a minute of virtual time at most.
func eventually(t *testing.T, what string, right func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !right(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not after a minute: %s", what)
		}
	}
}

// portal is a transport into which the test hands streams, as if strangers had opened them.
type portal struct {
	cluster.Transport
	streams chan net.Conn
}

func newPortal(host *testcluster.Host) *portal { return &portal{host, make(chan net.Conn)} }

func (p *portal) StreamCh() <-chan net.Conn { return p.streams }

// visit opens a stream.
func (p *portal) visit() (stranger net.Conn, seen *visited) {
	stranger, inside := net.Pipe()
	seen = &visited{Conn: inside, gone: make(chan struct{})}
	p.streams <- seen
	return stranger, seen
}

// visited is the member's end of a stream. It notes how much the member took, and when it had enough.
type visited struct {
	net.Conn
	taken atomic.Int64 // bytes
	once  sync.Once
	gone  chan struct{} // closed with it
}

func (v *visited) Read(b []byte) (int, error) {
	n, err := v.Conn.Read(b)
	v.taken.Add(int64(n))
	return n, err
}

func (v *visited) Close() error {
	v.once.Do(func() { close(v.gone) })
	return v.Conn.Close()
}

// tell sends datagrams to an address, slowly enough that none is lost.
func tell(from *testcluster.Host, to string, datagrams ...[]byte) {
	for _, datagram := range datagrams {
		from.WriteTo(datagram, to) // as with UDP, nothing is wrong
		time.Sleep(100 * time.Microsecond)
	}
}

// idOf is what memberlist knows a member by: name@boot.
func idOf(m *testcluster.Member) string {
	self, _ := m.View().Snapshot().Member(m.Name())
	return fmt.Sprintf("%s@%016x", m.Name(), self.Boot.ID)
}

// withHolder runs the attack on three members. The attacker knows the secret; its network may be wrapped.
func withHolder(t *testing.T, test func(t *testing.T, c *testcluster.Cluster, holder *transport.Transport),
	wraps ...func(transport.Network) transport.Network) {
	t.Helper()
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		secret := cluster.NewSecret()
		for _, name := range []string{"m1", "m2", "m3"} {
			c.Run(c.Network.Host(), cluster.Config{Name: name, Secret: secret})
		}
		c.AwaitConverged(time.Minute)
		var network transport.Network = c.Network.Host()
		for _, wrap := range wraps {
			network = wrap(network)
		}
		holder := attacker(t, network, holderID, keyringOf(t, secret))
		defer holder.Shutdown()
		test(t, c, holder)
	})
}

// keyringOf is the identity of who knows a secret; without one there is none.
func keyringOf(t *testing.T, secret string) transport.Identity {
	t.Helper()
	if secret == "" {
		return nil
	}
	decoded, err1 := base64.StdEncoding.DecodeString(secret)
	keyring, err2 := transport.NewKeyring(decoded)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return keyring
}

const holderID = "holder@0000000000000001"

// attacker is a transport without a node, of somebody who can prove to be self.
func attacker(t *testing.T, network transport.Network, self string, identity transport.Identity) *transport.Transport {
	t.Helper()
	made, err := transport.New(transport.Config{Network: network, Self: self, Cluster: "test", Identity: identity,
		Versions: transport.Versions{Oldest: membership.OldestWireVersion, Newest: membership.WireVersion}})
	if err != nil {
		t.Fatal(err)
	}
	made.Start()
	return made
}

// at is where a member is, and who it is.
func at(m *testcluster.Member) transport.Address {
	return transport.Address{Addr: m.Address(), Name: idOf(m)}
}

// deliver sends a message of one of our own kinds.
func deliver(t *testing.T, mallory *transport.Transport, m *testcluster.Member, kind transport.Kind, message []byte) {
	t.Helper()
	if err := mallory.Deliver(t.Context(), kind, at(m), message); err != nil {
		t.Fatal(err)
	}
}

// offer writes a message to a stream of memberlist's, and gives the answer: none where the member had enough of it.
func offer(t *testing.T, holder *transport.Transport, target *testcluster.Member, message []byte) (answer []byte) {
	t.Helper()
	conn, err := holder.DialAddressTimeout(at(target), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(message); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	answer = make([]byte, transport.MaxStream)
	n, err := conn.Read(answer)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the member does not end a stream")
	}
	return answer[:n]
}

// withLyingMember runs test with three members and a fourth that lies, each with a certificate of its own name. Unlike
// withMallory it does not hold that views never change.
func withLyingMember(t *testing.T, test func(t *testing.T, c *testcluster.Cluster, authority *pki, liar *transport.Transport)) {
	t.Helper()
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		authority := newPKI(t)
		for _, name := range []string{"m1", "m2", "m3"} {
			c.Run(c.Network.Host(), authority.member(name))
		}
		c.AwaitConverged(time.Minute)
		liar := attacker(t, c.Network.Host(), malloryID, authority.identity(authority.issue("mallory")))
		defer liar.Shutdown()
		test(t, c, authority, liar)
	})
}
