package transport

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/internal/seldom"
)

// Reason is why a peer was refused, as [Stats] counts it.
type Reason string

const (
	ReasonCluster     Reason = "cluster"     // it belongs to another cluster
	ReasonVersion     Reason = "version"     // no version is spoken by both
	ReasonSecret      Reason = "secret"      // its certificate comes from another secret, or it says so of ours
	ReasonCertificate Reason = "certificate" // its certificate is not accepted, or it does not accept ours
	ReasonName        Reason = "name"        // it is not who it says, or not who was looked for
	ReasonPlain       Reason = "plain"       // one side seals, the other does not
	ReasonGarbage     Reason = "garbage"     // it speaks something else, or nothing within the time it has
	ReasonFlood       Reason = "flood"       // too many connections, or too many handshakes
)

// reasons are all of them, in the order of the counters.
var reasons = [...]Reason{ReasonCluster, ReasonVersion, ReasonSecret, ReasonCertificate, ReasonName, ReasonPlain, ReasonGarbage, ReasonFlood}

// RefusedError says why there is no connection to a peer although it answers.
type RefusedError struct {
	Reason Reason
	Detail string // for people
	Cause  error  // nil where Detail says all
}

func (e *RefusedError) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("refused (%s): %s: %v", e.Reason, e.Detail, e.Cause)
	}
	return fmt.Sprintf("refused (%s): %s", e.Reason, e.Detail)
}

func (e *RefusedError) Unwrap() error { return e.Cause }

// refuse counts why a peer was refused and says so, each reason once a minute: a stranger decides how often there is cause.
func (t *Transport) refuse(err error, address string) {
	var refused *RefusedError
	switch {
	case t.ctx.Err() != nil:
		return
	case errors.Is(err, errOwnCertificate):
		t.seldom.Warn(err, "cluster: this member can show no certificate")
		return
	case !errors.As(err, &refused):
		return
	}
	t.stats.refuse(refused.Reason)
	if t.seldom.Due(string(refused.Reason)) {
		t.log.Warn().Str(zerolog.ErrorFieldName, seldom.Brief(err.Error())).Str("reason", string(refused.Reason)).Str("address", address).
			Msg("cluster: refused a peer")
	}
}
