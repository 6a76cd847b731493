package transport_test

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"log"
	"net/netip"
	"net/url"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// Two members on loopback, with one secret. All that they send is sealed, and names its sender.
func ExampleNew() {
	const greeting transport.Kind = 1
	shared := make([]byte, 32)
	rand.Read(shared)
	begin := func(self string, take transport.Handler) *transport.Transport {
		keyring, err := transport.NewKeyring(shared)
		if err != nil {
			log.Fatal(err)
		}
		loopback := netip.MustParseAddrPort("127.0.0.1:0")
		network, err := transport.Listen(loopback, loopback, zerolog.Nop())
		if err != nil {
			log.Fatal(err)
		}
		t, err := transport.New(transport.Config{Network: network, Self: self, Cluster: "shop", Identity: keyring})
		if err != nil {
			log.Fatal(err)
		}
		t.Handle(greeting, 10, take)
		t.Start()
		return t
	}
	heard := make(chan string, 1)
	catalog := begin("catalog-1@1", func(from transport.From, payload []byte) {
		heard <- fmt.Sprintf("%s says %s", from.ID, payload)
	})
	defer catalog.Shutdown()
	shop := begin("shop-1@1", func(transport.From, []byte) {})
	defer shop.Shutdown()

	to := transport.Address{Addr: catalog.Address(), Name: "catalog-1@1"} // nobody else can read it
	if err := shop.Send(greeting, to, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-heard)
	// Output: shop-1@1 says hello
}

// A secret is changed while members run: the new one is accepted everywhere, then used, and then the
// old one is accepted no more.
func ExampleNewKeyring() {
	before, after := []byte("0123456789abcdef"), []byte("fedcba9876543210") // random bytes, really
	keyring, err := transport.NewKeyring(before)
	if err != nil {
		log.Fatal(err)
	}
	loopback := netip.MustParseAddrPort("127.0.0.1:0")
	network, err := transport.Listen(loopback, loopback, zerolog.Nop())
	if err != nil {
		log.Fatal(err)
	}
	member, err := transport.New(transport.Config{Network: network, Self: "shop-1@1", Cluster: "shop", Identity: keyring})
	if err != nil {
		log.Fatal(err)
	}
	defer member.Shutdown()

	fmt.Println(keyring.Add(after), len(keyring.IDs()))
	fmt.Println(keyring.Remove(before))
	fmt.Println(keyring.Use(after), keyring.Remove(before), len(keyring.IDs()))
	// Output:
	// <nil> 2
	// transport: the secret is in use: use another one first
	// <nil> <nil> 1
}

// The system chooses a port, the same for datagrams and streams.
func ExampleListen() {
	loopback := netip.MustParseAddrPort("127.0.0.1:0")
	network, err := transport.Listen(loopback, loopback, zerolog.Nop())
	if err != nil {
		log.Fatal(err)
	}
	defer network.Shutdown()
	host, port, err := network.FinalAdvertiseAddr("", 0)
	fmt.Println(host, port != 0, err)
	// Output: 127.0.0.1 true <nil>
}

// Certificates come from files, and name members by their SPIFFE ID.
func ExampleTLSFiles() {
	identity := transport.TLSFiles("/run/tls/cert.pem", "/run/tls/key.pem", "/run/tls/ca.pem")
	identity.Allow = transport.AllowSPIFFE("example.org")
	_ = transport.Config{Self: "catalog-1@1", Cluster: "shop", Identity: identity}
}

func ExampleAllowSPIFFE() {
	allow := transport.AllowSPIFFE("example.org")
	id, _ := url.Parse("spiffe://example.org/region/eu/catalog-1")
	certificate := &x509.Certificate{URIs: []*url.URL{id}}
	fmt.Println(allow(certificate, "catalog-1"))
	fmt.Println(allow(certificate, "shop-1"))
	// Output:
	// <nil>
	// the certificate has no SPIFFE ID of example.org that ends in "shop-1"
}
