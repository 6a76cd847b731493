package transport_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// TestFault57_EndlessCertificates has members whose certificates end far away, or not at all (RFC 5280, section 4.1.2.5). One
// handshake serves all of their messages, as with others.
func TestFault57_EndlessCertificates(t *testing.T) {
	for name, years := range map[string]int{"1 year": 1, "100 years": 100, "200 years": 200, "260 years": 260, "year 9999": 0} {
		t.Run(name, func(t *testing.T) {
			town(t, func(t *testing.T, n *testcluster.Network) {
				end := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
				if years > 0 {
					end = time.Now().AddDate(years, 0, 0)
				}
				pki := newAuthority(t)
				endless := func(c *x509.Certificate) { c.NotAfter = end }
				a := open(t, n, strict(pki.certified("a@1", pki.issue("a", endless))))
				b := open(t, n, strict(pki.certified("b@1", pki.issue("b", endless))))
				const messages = 50
				for range messages {
					send(t, a, at(b, "b@1"), "hello")
					time.Sleep(time.Second)
				}
				if s := a.Stats(); s.Handshakes != 1 || s.Sessions != 1 || len(b.messages()) != messages {
					t.Errorf("%d handshakes and %d sessions for %d messages, of which %d arrived", s.Handshakes, s.Sessions, messages, len(b.messages()))
				}
			})
		})
	}
}
