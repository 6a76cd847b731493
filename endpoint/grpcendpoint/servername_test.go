package grpcendpoint

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// certificate is valid for one name or IP, and signed by itself.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestServerNames(t *testing.T) {
	byHost := ServerNameFromHost()
	authority := Dial(grpc.WithAuthority("users.example.com"))
	for name, tt := range map[string]struct {
		certificate, address string
		options              []Option
		want                 bool
	}{
		"the service's":              {"users", "10.0.0.1:443", nil, true},
		"the service's, not the IP":  {"10.0.0.1", "10.0.0.1:443", nil, false},
		"an IP":                      {"10.0.0.1", "10.0.0.1:443", []Option{byHost}, true},
		"an IPv6":                    {"fd00::1", "[fd00::1]:443", []Option{byHost}, true},
		"a host's":                   {"a.example.com", "a.example.com:443", []Option{byHost}, true},
		"another host's":             {"b.example.com", "a.example.com:443", []Option{byHost}, false},
		"the service's, not by host": {"users", "10.0.0.1:443", []Option{byHost}, false},
		"the authority":              {"users.example.com", "10.0.0.1:443", []Option{authority}, true},
		"the authority, before all":  {"users.example.com", "10.0.0.1:443", []Option{byHost, authority}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				certificate, pool := certificate(t, tt.certificate)
				town := newTown(t)
				listener := bufconn.Listen(1 << 16)
				server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
				grpc_health_v1.RegisterHealthServer(server, health.NewServer())
				go server.Serve(listener)
				t.Cleanup(server.Stop)
				town.listeners[tt.address] = listener
				record := membership.Record{Name: "a", Boot: membership.Boot{Number: 1, ID: 1}, Version: 1}
				record.Services = []membership.Service{{Name: "users", Address: tt.address}}
				town.Apply(membership.Heard{Record: record}, membership.Up{Name: "a", BootID: 1})
				secure := grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(pool, ""))
				conn, err := New(town.View(), "users", balancer.RoundRobin(),
					append(tt.options, Dial(grpc.WithContextDialer(town.dial), secure))...)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { conn.Close() })
				_, err = grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
				if (err == nil) != tt.want {
					t.Errorf("a call returns %v, want that it is answered: %t", err, tt.want)
				}
			})
		})
	}
}
