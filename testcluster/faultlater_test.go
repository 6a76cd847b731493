package testcluster_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// later is a member of a release that is not written yet, on the wire that is there.
type later struct {
	least, most byte // the wire versions that it speaks

	mu     sync.Mutex
	pushed []byte // the wire versions of the records that it was sent
}

const (
	laterName  = "later@0000000000000007"
	kindRecord = transport.Kind(1)
)

// start joins all members of c and says in the record what to say.
func (l *later) start(t *testing.T, c *testcluster.Cluster, secret string, record []byte) {
	t.Helper()
	decoded, err1 := base64.StdEncoding.DecodeString(secret)
	keyring, err2 := transport.NewKeyring(decoded)
	host := c.Network.Host()
	carrier, err3 := transport.New(transport.Config{Network: host, Self: laterName, Cluster: "test", Identity: keyring,
		Versions: transport.Versions{Oldest: l.least, Newest: l.most}})
	if err := cmp.Or(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	carrier.Handle(kindRecord, 100, l.pushes)
	carrier.Start()
	config := memberlist.DefaultLANConfig()
	config.Name, config.Transport, config.Delegate = laterName, carrier, l
	config.BindPort, config.EnableCompression, config.LogOutput = int(host.Address().Port()), false, io.Discard
	list, err := memberlist.Create(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { list.Shutdown() })
	address := host.Address().String()
	push := append([]byte{byte(len(address))}, address...)
	push = append(push, 2, l.least, l.most)
	for _, m := range c.Members {
		list.Join([]string{m.Address()}) // who refuses it does not say so
		carrier.Send(kindRecord, cluster.Address{Addr: m.Address()}, slices.Concat(push, record))
	}
}

func (l *later) pushes(_ transport.From, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	address := 1 + int(body[0])
	l.pushed = append(l.pushed, body[address+3]) // after two wire versions and their length
}

func (l *later) NodeMeta(int) []byte             { return []byte{l.least, l.most} }
func (l *later) GetBroadcasts(int, int) [][]byte { return nil }
func (l *later) LocalState(bool) []byte          { return []byte{1} } // it tells nothing of anybody
func (l *later) MergeRemoteState([]byte, bool)   {}
func (l *later) NotifyMsg([]byte)                {}

// laterRecord is what it says of itself: in field 1 when it started, in field 300 what nobody here understands.
func laterRecord(t *testing.T) []byte {
	t.Helper()
	encoded, err := membership.Record{
		Name: "later", Boot: membership.Boot{Number: 1, ID: 7}, Version: 1, Started: time.UnixMilli(1234567890123),
		Services: []membership.Service{{Name: "users", Address: "10.9.9.9:80"}},
	}.Encode(nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	const fields = 1 + 2 + 6 // their count, and the start: its number, its length and its bytes
	encoded[len(encoded)-fields]++
	return append(encoded, 0xac, 0x02, 3, 'k', 'e', 'y')
}

// TestFault31_LaterRelease has one join that says more than is understood here, and that still speaks our wire version.
func TestFault31_LaterRelease(t *testing.T) {
	secret := cluster.NewSecret()
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		l := &later{least: 2, most: 9}
		l.start(t, c, secret, laterRecord(t))
		c.AwaitViews(5*time.Second, c.Members, func(s view) bool {
			instances := s.Instances("users")
			return len(instances) == 1 && instances[0].Started.Equal(time.UnixMilli(1234567890123))
		})
		time.Sleep(time.Second)
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.pushed) < 3 || slices.ContainsFunc(l.pushed, func(version byte) bool { return version != 2 }) {
			t.Errorf("it was sent records in wire versions %v, want 2 from each of 3", l.pushed)
		}
	}, secretly(secret))
}

// TestFault31_ForgottenRelease has one join that speaks no wire version of this release: it is kept out, and each member
// says why, once a minute.
func TestFault31_ForgottenRelease(t *testing.T) {
	var log lockedBuffer
	secret := cluster.NewSecret()
	virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
		defer throughout(t, c.Members, "lists the three", func(s view) bool { return len(s.Members()) == 3 })()
		l := &later{least: 3, most: 3}
		l.start(t, c, secret, laterRecord(t))
		time.Sleep(50 * time.Second)
		const says = `refused (version): it speaks wire versions 3 to 3, this member 1 to 2`
		if lines := strings.Count(log.String(), says); lines != 3 {
			t.Errorf("%d lines say so, want one of each member:\n%s", lines, log.String())
		}
		for _, m := range c.Members {
			if m.Stats().Refused[transport.ReasonVersion] == 0 {
				t.Errorf("%s does not count it", m.Name())
			}
		}
	}, testcluster.WithConfig(func(_ int, config *cluster.Config) { config.Logger, config.Secret = zerolog.New(&log), secret }))
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
