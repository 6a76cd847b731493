package transport

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"
)

// TLSFiles reads certificates from files in PEM form: the member's certificate, with those between it and the authority
// after it, the member's key, and the authorities that are accepted. Files that change are read again at the next handshake;
// while what they hold cannot be used, what they held before is.
func TLSFiles(certificate, key, authorities string) *TLS {
	own := &reread[*tls.Certificate]{files: []string{certificate, key}, read: func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		return &pair, err
	}}
	accepted := &reread[*x509.CertPool]{files: []string{authorities}, read: func() (*x509.CertPool, error) {
		content, err := os.ReadFile(authorities)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", authorities)
		}
		return pool, nil
	}}
	return &TLS{Certificate: own.get, Roots: accepted.get}
}

// reread keeps what files hold, and reads them again when they were written.
type reread[T any] struct {
	files []string
	read  func() (T, error)

	mu    sync.Mutex
	held  T
	valid bool
	stamp string
}

func (r *reread[T]) get() (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stamp := ""
	for _, file := range r.files {
		stamp += Stamp(file)
	}
	if r.valid && stamp == r.stamp {
		return r.held, nil
	}
	now, err := r.read()
	if err == nil {
		r.held, r.valid, r.stamp = now, true, stamp
	} else if r.valid { // it may be half written
		return r.held, nil
	}
	return now, err
}

// Stamp differs when a file was written.
func Stamp(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %d;", info.ModTime().Format(time.RFC3339Nano), info.Size())
}
