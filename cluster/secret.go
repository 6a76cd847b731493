package cluster

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// NewSecret makes a secret of 32 random bytes, in base64.
func NewSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return base64.StdEncoding.EncodeToString(secret)
}

// readSecrets returns the secrets that are accepted, the one that is used first; none where the config has none.
func (c Config) readSecrets() ([][]byte, error) {
	if c.SecretFile != "" {
		return c.readSecretFile()
	}
	secrets, err := parseSecrets(c.Secret, "secret")
	if err == nil && len(secrets) == 0 && c.Secret != "" {
		err = badSecret("secret")
	}
	return secrets, at(err, "Secret")
}

const (
	longestSecretFile = 1 << 20 // bytes
	howToMakeSecret   = "as from: openssl rand -base64 32"
)

func (c Config) readSecretFile() ([][]byte, error) {
	refuse := func(field, value, remedy string) error {
		return at(&membership.FieldError{Field: field, Value: value, Remedy: remedy}, "SecretFile")
	}
	content, err := readShort(c.SecretFile, longestSecretFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", refuse("secret file", c.SecretFile, "create the file, or name another"), err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w: %w", refuse("secret file", c.SecretFile,
			"let the user of this process read the file, or name another"), err)
	case errors.Is(err, errFolder):
		return nil, refuse("secret file", c.SecretFile, "it is a directory: name the file in it that holds the secret")
	case err != nil:
		return nil, fmt.Errorf("%w: %w", refuse("secret file", c.SecretFile,
			"name a file that this process can read"), err)
	case len(content) > longestSecretFile:
		return nil, refuse("secret file", c.SecretFile, fmt.Sprintf("keep it within %d bytes", longestSecretFile))
	case len(content) == 0:
		return nil, refuse("secret file", c.SecretFile, "the file is empty: write a secret into it, "+howToMakeSecret)
	}
	field := "secret in file " + c.SecretFile
	secrets, err := parseSecrets(string(content), field)
	if err == nil && len(secrets) == 0 {
		err = refuse(field, notShown,
			"the file holds only blanks and comments: write a secret into it, "+howToMakeSecret)
	}
	return secrets, at(err, "SecretFile")
}

var errFolder = errors.New("it is a directory")

// readShort reads a file, but no more than a byte beyond most.
func readShort(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, errFolder
	}
	return io.ReadAll(io.LimitReader(file, most+1))
}

// warnExposed warns of a file that holds a secret and that other users of this host can read or change. It is no error:
// Kubernetes mounts secrets like that.
func warnExposed(log zerolog.Logger, path string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || runtime.GOOS == "windows" { // whose modes are made up
		return
	}
	if mode := info.Mode().Perm(); isExposed(mode, ownsFile(info)) {
		log.Warn().Str("file", path).Stringer("mode", mode).
			Msg("cluster: other users of this host can read or change a file that holds a secret: run chmod 600 on it")
	}
}

// isExposed reports whether other users can read or change a file. A group may read the file of another user: without
// that, this process could not, so chmod 600 would be no remedy. Kubernetes mounts secrets so, as root's with the fsGroup
// of the pod, and PostgreSQL accepts key files of root with mode 0640 for the same reason.
func isExposed(mode fs.FileMode, own bool) bool {
	const groupReads, others = 0o040, 0o026
	return mode&others != 0 || own && mode&groupReads != 0
}

// parseSecrets decodes secrets that are separated by white space; what follows a # is a comment.
func parseSecrets(text, field string) (secrets [][]byte, err error) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for encoded := range strings.FieldsSeq(line) {
			secret, err := parseSecret(encoded, field)
			if err != nil {
				return nil, err
			}
			secrets = append(secrets, secret)
		}
	}
	return secrets, nil
}

func parseSecret(encoded, field string) ([]byte, error) {
	secret := decodeSecret(encoded)
	if len(secret) < transport.LeastSecret {
		return nil, badSecret(field)
	}
	return secret, nil
}

// notShown stands for a secret in errors.
const notShown = "(not shown)"

func badSecret(field string) error {
	return &membership.FieldError{Field: field, Value: notShown, Remedy: fmt.Sprintf(
		"use at least %d random bytes in base64 or hexadecimal, %s", transport.LeastSecret, howToMakeSecret)}
}

// decodeSecret gives nil for what is neither hexadecimal nor base64, and for bytes too alike to be random.
func decodeSecret(encoded string) []byte {
	secret, err := hex.DecodeString(encoded)
	if err != nil {
		secret, err = base64.StdEncoding.DecodeString(encoded)
	}
	if err != nil {
		return nil
	}
	distinct := make(map[byte]bool)
	for _, b := range secret {
		distinct[b] = true
	}
	if len(distinct) < transport.LeastSecret/2 { // 16 random bytes have fewer than 8 distinct ones less than once in 10^11
		return nil
	}
	return secret
}
