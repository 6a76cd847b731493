package transport

// Linux alone has all of 127.0.0.0/8 for its own.

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// listening is a member on a socket of this host.
func listening(t *testing.T, self string, identity Identity) *Transport {
	t.Helper()
	local := netip.MustParseAddrPort("127.0.0.1:0")
	network, err := Listen(local, local, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	made, err := New(Config{Network: network, Self: self, Cluster: "c", Identity: identity})
	if err != nil {
		t.Fatal(err)
	}
	made.Start()
	t.Cleanup(func() { made.Shutdown() })
	return made
}

// dearest is the chain that costs most of those that are let through: P-521 throughout, and the issuer of the last has the
// name of an authority.
func dearest(t *testing.T) tls.Certificate {
	t.Helper()
	names := []string{"leaf", "i1", "i2", "i3", "i4", "root"}
	made := tls.Certificate{}
	key, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	made.PrivateKey = key
	for i := range mostChain {
		signer, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[i]}, IsCA: true,
			BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
		for j := range 300 {
			template.DNSNames = append(template.DNSNames, fmt.Sprintf("a%d.example", j))
		}
		raw, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: names[i+1]}}, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		made.Certificate, key = append(made.Certificate, raw), signer
	}
	return made
}

// firstWords are the bytes of a ClientHello.
func firstWords(config *tls.Config) []byte {
	near, far := net.Pipe()
	defer far.Close()
	go tls.Client(near, config).Handshake()
	b := make([]byte, 1<<14)
	n, _ := far.Read(b)
	return b[:n]
}

// letInWithin is how long a flood lasts at most, on however busy a host, until a newcomer is let in.
const letInWithin = 20 * time.Second

// TestFault55_FloodOf250Addresses has strangers of 250 addresses open connections as fast as they can, to say nothing, the first words of a
// handshake, or all of it with the dearest chain. The work that is done for them stays within its share. A newcomer is let in.
// The everyday form has each kind of stranger once, for less time; a member with certificates does more for those that speak.
func TestFault55_FloodOf250Addresses(t *testing.T) {
	if testing.Short() {
		t.Skip("measures processor time, which the race detector multiplies; the whole run has it")
	}
	root := signAs(t, "root", "root", nil, nil)
	certified := func(name string) Identity {
		chain, key := descend(t, root, name)
		return accepting(root, chain, key)
	}
	secret := func(string) Identity { k, _ := NewKeyring(secretA); return k }
	chain := dearest(t)
	lasts := time.Second
	if *long {
		lasts = 1500 * time.Millisecond
	}
	for mode, identity := range map[string]func(name string) Identity{"secret": secret, "certificates": certified} {
		for _, kind := range []string{"silent", "ClientHello", "chain"} {
			if !*long && (mode == "secret") != (kind == "silent") {
				continue
			}
			t.Run(mode+", "+kind, func(t *testing.T) {
				member := listening(t, "a@1", identity("a"))
				config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: member.protocols(), Certificates: []tls.Certificate{chain}}
				words := firstWords(config)
				flood, end := context.WithCancel(t.Context())
				defer end()
				began := time.Now()
				var work sync.WaitGroup
				for worker := range 8 {
					work.Go(func() {
						var open []net.Conn
						for i := worker; flood.Err() == nil; i += 8 {
							dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%250))}, Timeout: time.Second}
							conn, err := dialer.Dial("tcp", member.Address())
							if err != nil {
								continue
							}
							conn.SetDeadline(time.Now().Add(lasts))
							conn.(*net.TCPConn).SetLinger(0) // no port is left waiting
							switch open = append(open, conn); kind {
							case "ClientHello":
								conn.Write(words)
							case "chain":
								tls.Client(conn, config).Handshake()
							}
							if len(open) > 50 {
								open[0].Close()
								open = slices.Delete(open, 0, 1)
							}
						}
						for _, conn := range open {
							conn.Close()
						}
					})
				}
				time.Sleep(lasts / 2)
				newcomer := listening(t, "b@1", identity("b"))
				joined, tries := errors.New("it had no time to try"), 0
				for joined != nil && time.Since(began) < letInWithin { // it is refused while those before it are safe, see provenWithin
					if _, joined = newcomer.Identify(t.Context(), member.Address(), 5*time.Second); joined != nil {
						time.Sleep(10 * time.Millisecond)
					}
					tries++
				}
				time.Sleep(lasts - time.Since(began))
				end()
				work.Wait()
				member.budget.mu.Lock()
				spent := time.Duration(0)
				for _, d := range member.budget.debts.All() {
					spent += d.spent
				}
				member.budget.mu.Unlock()
				most := failedAtOnce + time.Duration(failedWork*float64(time.Since(began))) + 2*mostMeasured
				stats := member.Stats()
				most += time.Duration(stats.Refused[ReasonFlood]) * failedConnection // those that were evicted
				t.Logf("%v of processor time for %d connections; the newcomer tried %d times", spent,
					stats.Failed+stats.Refused[ReasonFlood], tries)
				if spent > most || joined != nil {
					t.Errorf("%v of processor time, want %v at most; the newcomer: %v", spent, most, joined)
				}
			})
		}
	}
}
