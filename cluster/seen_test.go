package cluster

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// recorder notes to which addresses a node sends.
type recorder struct {
	nowhere
	mu sync.Mutex
	to []string // the first time each
}

func (r *recorder) WriteToAddress(_ []byte, to Address) (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.to, to.Addr) { // the transport asks whether datagrams pass, too
		r.to = append(r.to, to.Addr)
	}
	return time.Now(), nil
}

func TestFault8_WhoIsToldWhereItWasSeen(t *testing.T) {
	push := pushOf(t, "a") // advertises 10.0.0.7:7946
	insisting := append([]byte{byte(kindInsist)}, push[1:]...)
	for name, tt := range map[string]struct {
		message []byte
		from    string
		want    string // "" for nobody
	}{
		"confirmations do not reach it":   {insisting, "10.0.0.9:7946", "10.0.0.9:7946"},
		"the same, by stream":             {insisting, "10.0.0.9:40000", "10.0.0.9:7946"},
		"the first time, behind a router": {push, "10.0.0.9:7946", ""},
		"it is where it says":             {insisting, "10.0.0.7:40000", ""},
		"where it came from is not known": {insisting, "", ""},
	} {
		network := new(recorder)
		n := idleNodeOn(t, network, zerolog.Nop())
		from, _ := netip.ParseAddrPort(tt.from)
		n.handlers()[transport.Kind(tt.message[0])](transport.From{Addr: from}, tt.message[1:])
		network.mu.Lock()
		got := strings.Join(network.to, " ")
		network.mu.Unlock()
		if got != tt.want {
			t.Errorf("%s: told at %q, want %q", name, got, tt.want)
		}
	}
}
