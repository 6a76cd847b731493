package cluster

import (
	"errors"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// ErrNoSecret is returned where a secret is to be changed on a node that has none.
var ErrNoSecret = errors.New("cluster: this node has its identity not from a secret")

// AddSecret, UseSecret and RemoveSecret change the secret of a cluster while its members run: add the new one on every
// member, then use it on every member, then, when [Node.Secrets] of every member counts no peer that uses the old one,
// remove that. Nobody is cut off in between. A secret has the form that Config.Secret has.
//
// Where the secrets come from a file, write the same steps into the file of every member: the new one as a second line;
// then the new one first; then the new one alone. The file is read again within some seconds.
func (n *Node) AddSecret(secret string) error {
	return n.changeSecret("add", secret, (*transport.Keyring).Add)
}

// UseSecret makes this member known by a secret that was added. See [Node.AddSecret].
func (n *Node) UseSecret(secret string) error {
	return n.changeSecret("use", secret, (*transport.Keyring).Use)
}

// RemoveSecret accepts a secret no more: [transport.ErrSecretInUse] if it is the one that is used. See [Node.AddSecret].
func (n *Node) RemoveSecret(secret string) error {
	return n.changeSecret("remove", secret, (*transport.Keyring).Remove)
}

func (n *Node) changeSecret(what, encoded string, change func(*transport.Keyring, []byte) error) error {
	switch {
	case n.ctx.Err() != nil:
		return ErrClosed
	case n.keyring == nil:
		return ErrNoSecret
	}
	secret, err := parseSecret(encoded, "secret")
	if err == nil {
		err = change(n.keyring, secret)
	}
	n.transport.Recheck()
	return wrap(what+" secret", err)
}

// SecretUse says how many peers use a secret, see [Node.Secrets].
type SecretUse struct {
	ID    string // tells secrets apart: the first bytes of a hash, which says nothing of the secret
	Used  bool   // by this member
	Peers int    // living members that use it
}

// Secrets tells of each secret that is accepted how many living peers use it; that of this member comes first. A peer of
// which that is not known yet counts for every secret but this member's, so that one which no peer uses can be removed. It
// is nil without a secret.
func (n *Node) Secrets() (uses []SecretUse) {
	if n.keyring == nil {
		return nil
	}
	peers, unknown := make(map[string]int), 0
	for id := range n.push.living() {
		if secret := n.transport.SecretOf(id.String()); secret != "" {
			peers[secret]++
		} else {
			unknown++
		}
	}
	for i, id := range n.keyring.IDs() {
		use := SecretUse{ID: id, Used: i == 0, Peers: peers[id]}
		if !use.Used {
			use.Peers += unknown
		}
		uses = append(uses, use)
	}
	return uses
}

const secretCheck = 2 * time.Second // between two looks at the file

// followSecrets takes over what the file of secrets says, whenever it changes.
func (n *Node) followSecrets(s settings) {
	tick := time.NewTicker(secretCheck)
	defer tick.Stop()
	before := s.stamp
	for {
		select {
		case <-tick.C:
		case <-n.ctx.Done():
			return
		}
		if now := transport.Stamp(s.SecretFile); now != before && n.reloadSecrets(s.Config) {
			before = now
		}
	}
}

// reloadSecrets says whether it could; if not, it is tried again.
func (n *Node) reloadSecrets(config Config) bool {
	secrets, err := config.readSecrets()
	if err == nil {
		err = n.keyring.Set(secrets)
	}
	if err != nil {
		n.seldom.Warn(err, "cluster: the secrets stay as they are")
		return false
	}
	n.transport.Recheck()
	warnExposed(n.log, config.SecretFile)
	n.log.Info().Int("accepted", len(secrets)).Str("used", n.keyring.IDs()[0]).Msg("cluster: took over the secrets from the file")
	return true
}
