package transport_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// translated is a network on which one address leads to another, as a virtual IP does.
type translated struct {
	transport.Network
	virtual string
	to      func() string
}

func (n translated) DialAddressTimeout(to transport.Address, timeout time.Duration) (net.Conn, error) {
	if to.Addr == n.virtual {
		to.Addr = n.to()
	}
	return n.Network.DialAddressTimeout(to, timeout)
}

// TestDialsThatLeadBack holds what a transport makes of an address that leads back to it: directly, or by a translation.
func TestDialsThatLeadBack(t *testing.T) {
	const virtual = "10.9.9.9:7946"
	for name, config := range map[string]func(t *testing.T, self string) transport.Config{
		"sealed": sealed, "plain": func(_ *testing.T, self string) transport.Config { return plain(self) },
	} {
		t.Run(name, func(t *testing.T) {
			town(t, func(t *testing.T, n *testcluster.Network) {
				host := n.Host()
				own := config(t, "a@0000000000000001")
				own.Network = translated{host, virtual, func() string { return host.Address().String() }}
				a := openOn(t, host, own)
				time.Sleep(time.Minute)
				for address, direct := range map[string]bool{virtual: false, host.Address().String(): true} {
					if found, err := a.Identify(t.Context(), address, time.Second); found != "a@0000000000000001" || err != nil {
						t.Errorf("at %s is %q, %v", address, found, err)
					}
					if a.Listens(virtual) || direct && !a.Listens(address) {
						t.Errorf("it listens at %s: %v; at the virtual address: %v", address, a.Listens(address), a.Listens(virtual))
					}
					if conn, err := a.DialTimeout(address, time.Second); !errors.Is(err, transport.ErrItself) {
						t.Errorf("a stream to %s: %v, %v", address, conn, err)
					}
				}
				if unheard := a.Unheard(); unheard < time.Minute {
					t.Errorf("it takes itself for a member that it heard %v ago", unheard)
				}
				b := open(t, n, config(t, "b@0000000000000002"))
				if _, err := a.Identify(t.Context(), b.host.Address().String(), time.Second); err != nil || a.Unheard() > time.Second {
					t.Errorf("it heard another member %v ago, %v", a.Unheard(), err)
				}
			})
		})
	}
}

// TestListensAtItsOwnSockets dials sockets of this system that are bound to any address.
func TestListensAtItsOwnSockets(t *testing.T) {
	for bind, over := range map[string]string{"127.0.0.1": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "127.0.0.1"} {
		network, err := transport.Listen(netip.AddrPortFrom(netip.MustParseAddr(bind), 0),
			netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), 0), zerolog.Nop())
		if err != nil {
			t.Skipf("this host cannot bind %s: %v", bind, err)
		}
		config := sealed(t, "a@0000000000000001")
		config.Network = network
		a, err := transport.New(config)
		if err != nil {
			t.Fatal(err)
		}
		a.Start()
		defer a.Shutdown()
		at := netip.AddrPortFrom(netip.MustParseAddr(over), netip.MustParseAddrPort(a.Address()).Port()).String()
		if a.Listens(at) {
			t.Errorf("bound to %s, it knows of %s before it was dialled", bind, at)
		}
		if _, err := a.Identify(t.Context(), at, 5*time.Second); err != nil || !a.Listens(at) || a.Listens(a.Address()) {
			t.Errorf("bound to %s: %v; it listens at %s: %v, at %s: %v", bind, err, at, a.Listens(at), a.Address(), a.Listens(a.Address()))
		}
	}
}
