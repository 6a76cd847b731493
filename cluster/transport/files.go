package transport

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
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

// reread keeps what files hold, and reads them again when their content has changed.
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
		stamp += Stamp(file) + "\n"
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

// mostStamped is how many bytes of a file take part in its stamp: no file of secrets or seeds may be longer.
const mostStamped = 1 << 20

// Stamp returns a text that changes with the content of file, where links lead, or the error that reading it meets. It
// ignores times and inodes: another file may have the same time and size, and a rewrite within the resolution of the
// file system's clock changes neither. What is no regular file is not read, as a pipe would block; its time and size
// count.
func Stamp(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return err.Error()
	}
	outline := fmt.Sprintf("%d %s", info.Size(), info.ModTime().Format(time.RFC3339Nano))
	if !info.Mode().IsRegular() {
		return outline
	}
	opened, err := os.Open(file)
	if err != nil {
		return err.Error()
	}
	defer opened.Close()
	sum := sha256.New()
	read, err := io.Copy(sum, io.LimitReader(opened, mostStamped))
	if err != nil {
		return err.Error()
	}
	if read == mostStamped {
		return fmt.Sprintf("%x %s", sum.Sum(nil), outline)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
