package cluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

func (s settings) sealed() bool { return len(s.secrets) > 0 || s.TLS != nil }

// checkSources refuses an identity that is configured in two places. It returns the certificates if
// there are any.
func (s settings) checkSources() (*TLS, error) {
	c := s.Config
	files := []string{c.CertFile, c.KeyFile, c.CAFile}
	given := len(slices.DeleteFunc(slices.Clone(files), func(file string) bool { return file == "" }))
	certificates := func(remedy string, fields ...string) error {
		return at(&membership.FieldError{Field: "certificate files", Value: strings.Join(files, ", "),
			Remedy: remedy}, fields...)
	}
	switch {
	case c.Secret != "" && c.SecretFile != "":
		return nil, at(&membership.FieldError{Field: "secret file", Value: c.SecretFile,
			Remedy: "give a secret or a file that holds it, not both"}, "SecretFile", "Secret")
	case given > 0 && given < len(files):
		return nil, certificates("give all three: the certificate, its key, and the authorities that are accepted",
			"CertFile", "KeyFile", "CAFile")
	case given > 0 && c.TLS != nil:
		return nil, certificates("give the files or TLS, not both", "CertFile", "KeyFile", "CAFile", "TLS")
	case given > 0 && c.Secret+c.SecretFile != "":
		return nil, at(&membership.FieldError{Field: "secret", Value: notShown,
			Remedy: "give a secret or certificates, not both"}, "Secret", "SecretFile", "CertFile", "KeyFile", "CAFile")
	case c.TLS != nil && c.Secret+c.SecretFile != "":
		return nil, at(&membership.FieldError{Field: "secret", Value: notShown,
			Remedy: "give a secret or certificates, not both"}, "Secret", "SecretFile", "TLS")
	case given > 0:
		return s.certificateFiles()
	}
	return c.TLS, nil
}

// certificateFiles reads the files once, so that an error names them and the flags.
func (s settings) certificateFiles() (*TLS, error) {
	files := TLSFiles(s.CertFile, s.KeyFile, s.CAFile)
	own, err := files.Certificate()
	if err != nil {
		refused := &membership.FieldError{Field: "certificate files", Value: s.CertFile + ", " + s.KeyFile,
			Remedy: "name a certificate and its key, in PEM form, that this process can read"}
		return nil, fmt.Errorf("%w: %w", at(refused, "CertFile", "KeyFile"), err)
	}
	if own.Leaf != nil {
		if err := transport.AllowDNSName(own.Leaf, s.Name); err != nil {
			return nil, at(&membership.FieldError{Field: "member name", Value: s.Name,
				Remedy: err.Error() + ": take a name of the certificate, or another certificate"}, "Name", "CertFile")
		}
	}
	if _, err := files.Roots(); err != nil {
		return nil, fmt.Errorf("%w: %w", at(&membership.FieldError{Field: "file of authorities", Value: s.CAFile,
			Remedy: "name a file of certificates, in PEM form, that this process can read"}, "CAFile"), err)
	}
	return files, nil
}

// checkExposure refuses to listen beyond loopback by accident.
func (s settings) checkExposure() error {
	if s.Transport == nil && s.bind.Addr().IsLoopback() {
		return nil
	}
	if !s.sealed() && !s.Insecure {
		return at(&membership.FieldError{Field: "bind address", Value: s.Bind,
			Remedy: "set a secret (" + settingOf("SecretFile") + ") or certificates (" + settingOf("CertFile") +
				") to listen beyond loopback, or go without (" + settingOf("Insecure") + ")"}, "Bind")
	}
	if s.Cluster == "" {
		return at(&membership.FieldError{Field: "cluster name", Value: "",
			Remedy: "name the cluster to listen beyond loopback, so that a reused IP never merges two clusters"},
			"Cluster")
	}
	return nil
}
