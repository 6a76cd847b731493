package transport_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// echoing is an end that answers what it is sent.
func echoing(t *testing.T, n *testcluster.Network, config transport.Config) *end {
	t.Helper()
	host := n.Host()
	config.Network = host
	made, err := transport.New(config)
	if err != nil {
		t.Fatal(err)
	}
	made.Handle(kindB, 100, func(from transport.From, payload []byte) { made.Reply(kindA, from, payload) })
	made.Start()
	t.Cleanup(func() { made.Shutdown() })
	return &end{Transport: made, host: host}
}

func TestReplyComesBack(t *testing.T) {
	bothWays(t, func(t *testing.T, n *testcluster.Network, config func(string) transport.Config) {
		for name, link := range map[string]testcluster.Link{
			"by datagram": {Latency: time.Millisecond},
			"by stream":   {Latency: time.Millisecond, NoDatagrams: true},
		} {
			n.SetNormal(link)
			a, b := open(t, n, config("a@1")), echoing(t, n, config("b@1"))
			for i := range 100 {
				if err := a.Send(kindB, at(b, "b@1"), []byte(fmt.Sprint(i))); err != nil {
					t.Fatal(err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if got := a.messages(); len(got) < 50 || !slices.Contains(got, "99") {
				t.Errorf("%s: %d of 100 messages came back, the last is %v", name, len(got), got[max(len(got)-1, 0):])
			}
		}
	})
}

// TestReplyToAStranger has one who was never met get one datagram, where nothing is sealed, and no connection.
func TestReplyToAStranger(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		b, stranger := echoing(t, n, plain("b@1")), n.Host()
		stranger.WriteToAddress(append(plainHeader("test", byte(kindB)), "hello"...), at(b))
		time.Sleep(10 * time.Second)
		var got [][]byte
		for len(stranger.PacketCh()) > 0 {
			got = append(got, (<-stranger.PacketCh()).Buf)
		}
		if want := string(plainHeader("test", byte(kindA))) + "hello"; len(got) != 1 || string(got[0]) != want {
			t.Errorf("it got %q, want %q", got, want)
		}
		if stats := b.Stats(); stats.Peers != 0 {
			t.Errorf("%d peers, want the stranger not to be one", stats.Peers)
		}
	})
}
