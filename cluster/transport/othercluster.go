package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Members of two clusters that meet by mistake tell each other the names of their clusters, so that
// both logs name both. A name is no secret, and it proves nothing: it is only shown to people.
// Where nothing is sealed, the names follow the two hellos. Over TLS the dialling side offers its
// name as one more protocol, which is never chosen, and the other side answers with a certificate
// for the occasion whose subject is its name.
const (
	nameProtocol    = versionProtocol + "/name/" // the name follows
	cardOf          = "grapevine cluster"        // the organization in a certificate for the occasion
	mostClusterName = 63                         // bytes
	namesFor        = time.Second                // for which the other side's name is waited for
	withoutAnyName  = "to a cluster without a name"
)

// otherCluster is the refusal of a peer of another cluster, whose name may be unknown.
func (t *Transport) otherCluster(name string, known bool) error {
	detail := fmt.Sprintf("it belongs to another cluster, and this member %s", belongs(t.cluster))
	if known && printable(name) && len(name) <= mostClusterName {
		detail = fmt.Sprintf("it belongs to another cluster: it belongs %s, and this member %s", belongs(name), belongs(t.cluster))
	}
	return &RefusedError{Reason: ReasonCluster, Detail: detail}
}

func belongs(cluster string) string {
	if cluster == "" {
		return withoutAnyName
	}
	return fmt.Sprintf("to %q", cluster)
}

// exchangeNames sends this side's name after a refusal for the cluster, and reads the other's. A
// peer of an older release closes the connection instead.
func (t *Transport) exchangeNames(p *proven, err error) error {
	var refused *RefusedError
	if t.identity != nil || !errors.As(err, &refused) || refused.Reason != ReasonCluster {
		return err
	}
	p.SetDeadline(time.Now().Add(namesFor))
	if _, wrong := p.Write(append([]byte{byte(len(t.cluster))}, t.cluster...)); wrong != nil {
		return err
	}
	var size [1]byte
	if _, wrong := io.ReadFull(p, size[:]); wrong != nil || size[0] > mostClusterName {
		return err
	}
	name := make([]byte, size[0])
	if _, wrong := io.ReadFull(p, name); wrong != nil {
		return err
	}
	return t.otherCluster(string(name), true)
}

// meet answers a dialling member of another cluster with a card in place of this member's
// certificate.
func (t *Transport) meet(p *proven, config *tls.Config, offered []string) (*tls.Config, error) {
	if slices.Contains(offered, t.protocols()[0]) || !slices.Contains(offered, versionProtocol) {
		return nil, nil // a member, or no member of any cluster
	}
	for _, protocol := range offered {
		if name, ok := strings.CutPrefix(protocol, nameProtocol); ok {
			p.otherName, p.otherNamed = name, true
		}
	}
	card, err := t.card()
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.GetConfigForClient, config.Certificates = nil, []tls.Certificate{*card}
	return config, nil
}

// readCard reads the name in the certificate of a member of another cluster.
func (p *proven) readCard(state tls.ConnectionState) {
	if len(state.PeerCertificates) == 0 {
		return
	}
	subject := state.PeerCertificates[0].Subject
	if slices.Equal(subject.Organization, []string{cardOf}) {
		p.otherName, p.otherNamed = subject.CommonName, true
	}
}

// newCard makes the certificate for the occasion: it is signed by itself, and nobody accepts it.
func (t *Transport) newCard() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{cardOf}, CommonName: t.cluster},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return &tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, err
}
