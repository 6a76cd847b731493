package cluster_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

const (
	announced = 20 << 20 // bytes: the most that a memberlist takes
	allowed   = 64 << 10 // bytes, of somebody who has not said who it is
)

// pour sends beginning, and then more for as long as the other side takes it.
func pour(conn net.Conn, beginning, more []byte) {
	defer conn.Close()
	go io.Copy(io.Discard, conn)
	_, err := conn.Write(beginning)
	for err == nil {
		_, err = conn.Write(more)
	}
}

// tlsRecord is a record of a TLS handshake (RFC 8446, section 5.1), which says of itself how long it is.
func tlsRecord(content []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{22, 3, 1}, uint16(len(content))), content...)
}

// certifyAtLength goes through a handshake as far as anybody can, and shows certificates that have no end.
func certifyAtLength(conn net.Conn) {
	defer conn.Close()
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	leaf, _ := x509.CreateCertificate(rand.Reader, template, template, public, private)
	chain := &tls.Certificate{Certificate: [][]byte{leaf, make([]byte, 200<<10)}, PrivateKey: private}
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"grapevine"},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return chain, nil }})
	client.Handshake() // it may succeed on this side
	io.Copy(io.Discard, client)
}

// pouring are the strangers of TestAttack_HugeLengths.
var pouring = map[string]func(net.Conn){
	"TLS record": func(conn net.Conn) { pour(conn, []byte{22, 3, 1, 0xff, 0xff}, make([]byte, 1<<10)) },
	"ClientHello of 16 MiB": func(conn net.Conn) {
		pour(conn, tlsRecord([]byte{1, 0xff, 0xff, 0xff}), tlsRecord(make([]byte, 1<<10)))
	},
	"ClientHello of 64 KiB": func(conn net.Conn) { pour(conn, tlsRecord([]byte{1, 1, 0, 0}), tlsRecord(make([]byte, 1<<10))) },
	"certificates":          certifyAtLength,
	"hello":                 func(conn net.Conn) { pour(conn, []byte("grapevine\xff\xff"), make([]byte, 1<<10)) },
	"memberlist":            pourSealed,
}

// pourSealed announces, as memberlist does to one that has its key, what nobody has sealed.
func pourSealed(conn net.Conn) {
	label := append([]byte{labelKind, byte(len(bareLabel))}, bareLabel...)
	head := binary.BigEndian.AppendUint32([]byte{encryptKind}, announced)
	pour(conn, slices.Concat(label, head), make([]byte, 64<<10))
}

// TestAttack_HugeLengths has strangers announce much and send it. A memberlist takes 20 MiB of each before it looks whether
// somebody has sealed them.
func TestAttack_HugeLengths(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		host := l.Host()
		door := newPortal(host)
		l.run(host, "m1", over(door))
		stranger, seen := door.visit()
		go pourSealed(stranger)
		<-seen.gone
		if taken := seen.taken.Load(); taken < announced {
			t.Errorf("it took %d bytes, %d were announced", taken, announced)
		}
	})
	for mode, config := range map[string]cluster.Config{
		"sealed": {Secret: cluster.NewSecret()}, "without a secret": {Insecure: true},
	} {
		for kind, pour := range pouring {
			t.Run("grapevine, "+mode+", "+kind, func(t *testing.T) {
				sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
					host := c.Network.Host()
					door := newPortal(host)
					config.Name, config.Transport = "m1", door
					m := c.Run(host, config)
					stranger, seen := door.visit()
					go pour(stranger)
					<-seen.gone
					t.Logf("it took %d bytes", seen.taken.Load())
					if taken := seen.taken.Load(); taken > allowed {
						t.Errorf("it took %d bytes, %d at most was expected", taken, allowed)
					}
					time.Sleep(time.Second)
					if s := m.Stats(); s.Failed != 1 {
						t.Errorf("the attempt is not counted: %+v", s)
					}
				})
			})
		}
	}
}
