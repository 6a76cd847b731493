package transport_test

import (
	"bytes"
	"crypto/x509"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

var otherSecret = bytes.Repeat([]byte("fedcba9876543210"), 2)

// TestRemovedSecretIsSilent has one who knows a secret that was removed keep several links, and keys.
func TestRemovedSecretIsSilent(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, holder := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "holder@1"))
		a.keyring.Add(otherSecret)
		a.keyring.Use(otherSecret)
		holder.keyring.Add(otherSecret)
		send(t, holder, at(a, "a@1"), "with a secret that is accepted")
		speak := func() (said int) {
			for range 3 {
				if l, err := holder.OpenLink(a.Address()); err == nil {
					said++
					go func() {
						for l.Say(kindA, []byte("by link")) == nil {
							time.Sleep(5 * time.Second)
						}
					}()
				}
			}
			return said
		}
		if speak() != 3 {
			t.Fatal("no links")
		}
		time.Sleep(12 * time.Second)
		if err := a.keyring.Remove(secret); err != nil {
			t.Fatal(err)
		}
		a.Recheck()
		before := len(a.messages())
		for range 20 {
			send(t, holder, at(a, "a@1"), "by datagram")
			time.Sleep(5 * time.Second)
		}
		if got := len(a.messages()); got != before || before < 3*2+1 {
			t.Errorf("%d messages before the secret was removed, %d after", before, got-before)
		}
		if speak() != 0 {
			t.Error("new links with a secret that was removed")
		}
	})
}

// TestCertificateThatIsOverIsSilent has a peer whose certificate ends while it talks, by link and by datagram.
func TestCertificateThatIsOverIsSilent(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		pki := newAuthority(t)
		soon := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Minute) }
		a := open(t, n, pki.certified("a@1", pki.issue("a", nil)))
		b := open(t, n, pki.certified("b@1", pki.issue("b", soon)))
		l, err := b.OpenLink(a.Address())
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			l.Say(kindA, []byte("by link"))
			send(t, b, at(a, "a@1"), "by datagram")
			time.Sleep(5 * time.Second)
		}
		if got := len(a.messages()); got < 2*11 || got > 2*14 {
			t.Errorf("%d messages in 5 minutes, want those of the first", got)
		}
	})
}

// TestRootsThatHang has the user's own function take for ever: nothing that is sent waits for it. On real time, as the
// clock of a bubble would wait, too.
func TestRootsThatHang(t *testing.T) {
	pki := newAuthority(t)
	n := testcluster.NewNetwork(1, testcluster.Link{})
	config := pki.certified("a@1", pki.issue("a", nil))
	pool, hang, released := pki.pool(), atomic.Bool{}, make(chan struct{})
	entered := make(chan struct{}, 100)
	config.Identity.(*transport.TLS).Roots = func() (*x509.CertPool, error) {
		if hang.Load() {
			entered <- struct{}{}
			<-released
		}
		return pool, nil
	}
	a, b := open(t, n, config), open(t, n, pki.certified("b@1", pki.issue("b", nil)))
	if err := a.Deliver(t.Context(), kindA, at(b, "b@1"), []byte("first")); err != nil {
		t.Fatal(err)
	}
	hang.Store(true)
	var work sync.WaitGroup
	work.Go(a.Recheck)
	<-entered
	send(t, a, at(b, "b@1"), "does not wait") // else the test never ends
	close(released)
	work.Wait()
}

func TestRecheckByMany(t *testing.T) {
	pki := newAuthority(t)
	n := testcluster.NewNetwork(1, testcluster.Link{})
	config := pki.certified("a@1", pki.issue("a", nil))
	config.Identity.(*transport.TLS).Roots = func() (*x509.CertPool, error) { return pki.pool(), nil } // another one each time
	a, b := open(t, n, config), open(t, n, pki.certified("b@1", pki.issue("b", nil)))
	if err := a.Deliver(t.Context(), kindA, at(b, "b@1"), []byte("first")); err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	for range 2 {
		work.Go(func() {
			for range 50 {
				a.Recheck()
			}
		})
	}
	work.Wait()
	if a.Stats().Sessions != 1 {
		t.Errorf("%d sessions, want the one that is good", a.Stats().Sessions)
	}
}

func TestNoRootsAreNotThoseOfTheHost(t *testing.T) {
	pki := newAuthority(t)
	config := pki.certified("a@1", pki.issue("a", nil))
	config.Identity.(*transport.TLS).Roots = func() (*x509.CertPool, error) { return nil, nil }
	config.Network = testcluster.NewNetwork(1, testcluster.Link{}).Host()
	if _, err := transport.New(config); err == nil {
		t.Error("a member without authorities starts")
	}
}

// TestClocksDoNotMatterWithASecret has members whose certificates were over decades ago, by the clock of the others.
func TestClocksDoNotMatterWithASecret(t *testing.T) {
	town(t, func(t *testing.T, n *testcluster.Network) {
		a, b := open(t, n, sealed(t, "a@1")), open(t, n, sealed(t, "b@1"))
		for _, e := range []*end{a, b} {
			if err := e.keyring.Misdate(); err != nil {
				t.Fatal(err)
			}
		}
		send(t, a, at(b, "b@1"), "by datagram")
		if err := b.Deliver(t.Context(), kindA, at(a, "a@1"), []byte("by link")); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		send(t, a, at(b, "b@1"), "by datagram")
		time.Sleep(time.Second)
		if len(a.messages()) != 1 || len(b.messages()) != 2 {
			t.Errorf("a got %q, b got %q", a.messages(), b.messages())
		}
	})
}
