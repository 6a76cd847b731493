package transport_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// A memberlist of another kind is told by its errors what it loses, and logs it.
func TestMemberlistIsToldWhatIsNotCarried(t *testing.T) {
	sendBestEffort := func(a, b *memberlist.Memberlist) error { return a.SendBestEffort(b.LocalNode(), []byte("x")) }
	sendReliable := func(a, b *memberlist.Memberlist) error { return a.SendReliable(b.LocalNode(), []byte("x")) }
	for name, tt := range map[string]struct {
		edit func(*memberlist.Config)
		do   func(a, b *memberlist.Memberlist) error
		want string // "" for no error
	}{
		"nothing is odd": {nil, join, ""},
		"compression":    {func(c *memberlist.Config) { c.EnableCompression = true }, join, "compressed messages are not carried"},
		"a label":        {func(c *memberlist.Config) { c.Label = "blue" }, join, "labels are not carried"},
		"a key":          {func(c *memberlist.Config) { c.SecretKey = bytes.Repeat([]byte("k"), 32) }, join, "memberlist encrypts are not carried"},
		"versions":       {func(c *memberlist.Config) { c.DelegateProtocolMax = 5 }, join, "versions of a Delegate are not carried"},
		"another name":   {func(c *memberlist.Config) { c.Name = "other" }, join, `no member "a@1", but "other"`},
		"a large state":  {func(c *memberlist.Config) { c.Delegate = spoken{state: 2 << 20} }, join, "1048576 at most"},
		"a user packet":  {nil, sendBestEffort, "user messages are not carried"},
		"a user stream":  {nil, sendReliable, "user messages are not carried"},
	} {
		for kind, config := range map[string]func(string) transport.Config{
			"plain":  plain,
			"sealed": func(self string) transport.Config { return sealed(t, self) },
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				town(t, func(t *testing.T, n *testcluster.Network) {
					a, end := runMemberlist(t, n, config("a@1"), tt.edit)
					b, _ := runMemberlist(t, n, config("b@2"), nil)
					err := tt.do(a, b)
					if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
						t.Errorf("the error is %v, want %q", err, tt.want)
					}
					if logged := end.log.String(); strings.Contains(tt.want, "not carried") && !strings.Contains(logged, "not carried") {
						t.Errorf("logged: %s", logged)
					}
				})
			})
		}
	}
}

// What a Delegate broadcasts nobody can see before; it is logged when it is sent.
func TestBroadcastsAreNotCarried(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, end := runMemberlist(t, n, plain("a@1"), func(c *memberlist.Config) { c.Delegate = spoken{words: "x"} })
		b, _ := runMemberlist(t, n, plain("b@2"), nil)
		if err := join(a, b); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Second)
		if lines := strings.Count(end.log.String(), "cannot send a packet: user messages are not carried"); lines != 1 {
			t.Errorf("%d lines, want 1: %s", lines, end.log.String())
		}
	})
}

func join(a, b *memberlist.Memberlist) error {
	_, err := a.Join([]string{b.LocalNode().Address()})
	return err
}

// runMemberlist is as package cluster sets it up, unless edit changes that.
func runMemberlist(t *testing.T, n *testcluster.Network, config transport.Config, edit func(*memberlist.Config)) (*memberlist.Memberlist, *end) {
	t.Helper()
	e := open(t, n, config)
	c := memberlist.DefaultLANConfig()
	c.Name, c.Transport, c.EnableCompression, c.LogOutput = config.Self, e.Transport, false, io.Discard
	c.BindPort = int(e.host.Address().Port())
	if edit != nil {
		edit(c)
	}
	list, err := memberlist.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		list.Shutdown()
		time.Sleep(time.Minute) // memberlist's probes outlive its Shutdown
	})
	return list, e
}

// spoken is a Delegate with a state of so many bytes, which says words all the time.
type spoken struct {
	state int
	words string
}

func (spoken) NodeMeta(int) []byte           { return nil }
func (spoken) NotifyMsg([]byte)              {}
func (s spoken) LocalState(bool) []byte      { return make([]byte, s.state) }
func (spoken) MergeRemoteState([]byte, bool) {}
func (s spoken) GetBroadcasts(int, int) [][]byte {
	if s.words == "" {
		return nil
	}
	return [][]byte{[]byte(s.words)}
}
