package testcluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// grid is how much later than its link says a packet may arrive, so that no two paths do so at the same moment.
const grid = time.Millisecond

func TestLatencyAndJitter(t *testing.T) {
	for name, link := range map[string]testcluster.Link{
		"latency":            {Latency: 20 * time.Millisecond},
		"latency and jitter": {Latency: 20 * time.Millisecond, Jitter: 30 * time.Millisecond},
		"jitter alone":       {Jitter: 30 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			pair(t, link, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
				least, most := time.Hour, time.Duration(0)
				for range 1000 {
					began := time.Now()
					send(a, b, "x")
					<-b.PacketCh()
					took := time.Since(began)
					least, most = min(least, took), max(most, took)
				}
				if least < link.Latency || most >= link.Latency+link.Jitter+grid {
					t.Errorf("packets took from %v to %v", least, most)
				}
				if spread := most - least; spread < link.Jitter*9/10 {
					t.Errorf("packets took from %v to %v: too little jitter", least, most)
				}
			})
		})
	}
}

func TestNoLatencyIsAtOnce(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		began := time.Now()
		send(a, b, "x")
		packet := <-b.PacketCh()
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
		if got := packet.From.String(); got != a.Address().String() {
			t.Errorf("from %s, want %v", got, a.Address())
		}
	})
}

func TestMaxDatagram(t *testing.T) {
	pair(t, testcluster.Link{MaxDatagram: 100}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		for _, size := range []int{99, 100, 101} {
			send(a, b, strings.Repeat("x", size))
		}
		var sizes []int
		for _, payload := range received(b) {
			sizes = append(sizes, len(payload))
		}
		if want := []int{99, 100}; !slices.Equal(sizes, want) {
			t.Errorf("sizes %v arrived, want %v", sizes, want)
		}
		near, far := connect(t, a, b)
		mustWrite(t, near, make([]byte, 101))
		mustRead(t, far, 101)
	})
}

func TestNoDatagrams(t *testing.T) {
	pair(t, testcluster.Link{NoDatagrams: true}, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
		send(a, b, "x")
		if got := received(b); len(got) > 0 {
			t.Errorf("%q arrived", got)
		}
		near, far := connect(t, a, b)
		mustWrite(t, near, []byte("hello"))
		if got := mustRead(t, far, 5); string(got) != "hello" {
			t.Errorf("stream carried %q", got)
		}
	})
}

func TestCut(t *testing.T) {
	for name, tt := range map[string]struct {
		cut  func(n *testcluster.Network, a, b []*testcluster.Host)
		want string // which datagrams arrive, from a to b and from b to a
	}{
		"none":             {func(*testcluster.Network, []*testcluster.Host, []*testcluster.Host) {}, "[there] [back]"},
		"both ways":        {(*testcluster.Network).Cut, "[] []"},
		"one way":          {(*testcluster.Network).CutOneWay, "[] [back]"},
		"cut, then healed": {func(n *testcluster.Network, a, b []*testcluster.Host) { n.Cut(a, b); n.Heal() }, "[there] [back]"},
	} {
		t.Run(name, func(t *testing.T) {
			pair(t, testcluster.Link{}, func(t *testing.T, n *testcluster.Network, a, b *testcluster.Host) {
				third := n.Host()
				tt.cut(n, []*testcluster.Host{a}, []*testcluster.Host{b})
				send(a, b, "there")
				send(b, a, "back")
				if got := fmt.Sprint(received(b), received(a)); got != tt.want {
					t.Errorf("arrived: %s, want %s", got, tt.want)
				}
				send(a, third, "there")
				send(third, b, "there")
				if got := fmt.Sprint(received(third), received(b)); got != "[there] [there]" {
					t.Errorf("a third host: %s", got)
				}
			})
		})
	}
}

// TestHealIsNormal holds that links which were set by themselves become as SetNormal says.
func TestHealIsNormal(t *testing.T) {
	pair(t, testcluster.Link{}, func(t *testing.T, n *testcluster.Network, a, b *testcluster.Host) {
		n.SetLink(a, b, testcluster.Link{Loss: 1})
		n.SetNormal(testcluster.Link{Latency: 5 * time.Millisecond})
		send(a, b, "lost")
		n.Heal()
		send(a, b, "late")
		if got := received(b); len(got) > 0 {
			t.Errorf("%q arrived at once", got)
		}
		time.Sleep(5*time.Millisecond + grid)
		if got := received(b); !slices.Equal(got, []string{"late"}) {
			t.Errorf("%q arrived", got)
		}
	})
}
