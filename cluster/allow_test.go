package cluster_test

import (
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault36_AllowPanics has the user's Allow panic over one name: that one is refused on both sides, for its name, and all
// others are members still.
func TestFault36_AllowPanics(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		pki := newPKI(t)
		for _, name := range []string{"m1", "m2"} {
			config := pki.member(name)
			config.TLS.Allow = func(leaf *x509.Certificate, name string) error {
				if name == "strange" {
					panic("no such name")
				}
				return transport.AllowDNSName(leaf, name)
			}
			c.Run(c.Network.Host(), config)
		}
		c.AwaitConverged(time.Minute)
		defer stays(t, c.Members, "both members, and the strange one not", both(members(2), lacks("strange")))()
		mine := c.Members
		strange := c.Run(c.Network.Host(), pki.member("strange"))
		c.Members = mine
		defer strange.Close()
		time.Sleep(time.Minute)
		if refused := mine[0].Stats().Refused[transport.ReasonName]; refused == 0 {
			t.Errorf("m1 has refused %v, want some for their name", mine[0].Stats().Refused)
		}
	})
}

// TestFault36_CertificatesPanic has what gives certificates and authorities panic, once the member runs: its sessions last,
// a newcomer waits, and when the panics end it joins.
func TestFault36_CertificatesPanic(t *testing.T) {
	virtualOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		pki := newPKI(t)
		var sick atomic.Bool
		for _, name := range []string{"m1", "m2"} {
			config := pki.member(name)
			config.TLS = sickly(config.TLS, &sick)
			c.Run(c.Network.Host(), config)
		}
		c.AwaitConverged(time.Minute)
		stop := stays(t, c.Members, "both members", not(lacks("m2")))
		sick.Store(true)
		newcomer := c.Run(c.Network.Host(), pki.member("new"))
		time.Sleep(time.Minute)
		stop()
		if !members(1)(newcomer.View().Snapshot()) {
			t.Error("the newcomer has joined")
		}
		sick.Store(false)
		c.AwaitConverged(time.Minute)
	})
}

// sickly panics where source would give something, while sick.
func sickly(source *cluster.TLS, sick *atomic.Bool) *cluster.TLS {
	check := func() {
		if sick.Load() {
			panic("sick")
		}
	}
	return &cluster.TLS{
		Certificate: func() (*tls.Certificate, error) { check(); return source.Certificate() },
		Roots:       func() (*x509.CertPool, error) { check(); return source.Roots() },
	}
}
