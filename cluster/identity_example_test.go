package cluster_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// A secret is made once, and is the same for all members. A member with another one is refused.
func ExampleNewSecret() {
	secret := cluster.NewSecret()
	node, err := cluster.Start(context.Background(), cluster.Config{Name: "shop-1", Secret: secret})
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()
	fmt.Println(len(secret), "characters")
	// Output: 44 characters
}

// Certificates of one's own in place of a secret. Config.CertFile and its kin do the same; TLS also
// decides by Allow which name a certificate stands for.
func ExampleTLSFiles() {
	dir, err := os.MkdirTemp("", "certificates")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	certificate, key, authorities := issue(dir, "shop-1") // as the company's authority does

	node, err := cluster.Start(context.Background(), cluster.Config{
		Name: "shop-1",
		TLS:  cluster.TLSFiles(certificate, key, authorities),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()
	fmt.Println(node.Name(), "has its identity from a certificate")
	// Output: shop-1 has its identity from a certificate
}

// issue makes an authority and a certificate for name, and returns the files that they are in.
func issue(dir, name string) (certificate, key, authorities string) {
	write := func(file, kind string, content []byte) string {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			log.Fatal(err)
		}
		return path
	}
	sign := func(template, by *x509.Certificate, key, signer *ecdsa.PrivateKey) []byte {
		template.SerialNumber = big.NewInt(1)
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, signer)
		if err != nil {
			log.Fatal(err)
		}
		return der
	}
	authorityKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	memberKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	authority := &x509.Certificate{IsCA: true, BasicConstraintsValid: true}
	member := &x509.Certificate{DNSNames: []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	encoded, err := x509.MarshalPKCS8PrivateKey(memberKey)
	if err != nil {
		log.Fatal(err)
	}
	root, err := x509.ParseCertificate(sign(authority, authority, authorityKey, authorityKey))
	if err != nil {
		log.Fatal(err)
	}
	return write("cert.pem", "CERTIFICATE", sign(member, root, memberKey, authorityKey)),
		write("key.pem", "PRIVATE KEY", encoded), write("ca.pem", "CERTIFICATE", root.Raw)
}
