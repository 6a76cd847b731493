// Command certs makes an authority and a certificate for each name, to try what needs some:
//
//	go run ./examples/certs -dir certs alice bob
//
// It writes ca.pem and ca.key, unless they are there, and NAME.pem and NAME.key for each name. For more than a trial use
// the authority that you have, and keep its key elsewhere.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

func main() {
	folder := flag.String("dir", "certs", "folder to write to")
	valid := flag.Duration("valid", 30*24*time.Hour, "how long the certificates are good")
	flag.Parse()
	if err := run(*folder, *valid, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "certs:", err)
		os.Exit(1)
	}
}

func run(folder string, valid time.Duration, names []string) error {
	if len(names) == 0 {
		return errors.New("no name is given: certs -dir certs alice bob")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	authority, err := authorityIn(folder, valid)
	if err != nil {
		return err
	}
	for _, name := range names {
		err := issue(filepath.Join(folder, name), authority, &x509.Certificate{
			Subject:     pkix.Name{CommonName: name},
			DNSNames:    []string{name}, // the name of the member, not of its host
			NotAfter:    time.Now().Add(valid),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		})
		if err != nil {
			return err
		}
		fmt.Println("wrote", filepath.Join(folder, name+".pem"), "and its key")
	}
	return nil
}

// authorityIn reads the authority, or makes one.
func authorityIn(folder string, valid time.Duration) (authority tls.Certificate, err error) {
	path := filepath.Join(folder, "ca")
	if _, err := os.Stat(path + ".pem"); errors.Is(err, fs.ErrNotExist) {
		err := issue(path, tls.Certificate{}, &x509.Certificate{
			Subject: pkix.Name{CommonName: "trial authority"}, IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(10 * valid),
		})
		if err != nil {
			return authority, err
		}
	}
	return tls.LoadX509KeyPair(path+".pem", path+".key")
}

// issue writes path.pem, signed by authority or, where there is none, by itself, and path.key.
func issue(path string, authority tls.Certificate, template *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template.SerialNumber, template.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour)
	parent, signer := template, any(key)
	if authority.PrivateKey != nil {
		parent, signer = authority.Leaf, authority.PrivateKey
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return err
	}
	encodedKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		write(path+".pem", "CERTIFICATE", certificate, 0o644),
		write(path+".key", "PRIVATE KEY", encodedKey, 0o600))
}

func write(path, kind string, content []byte, mode fs.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), mode)
}
