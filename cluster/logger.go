package cluster

import (
	"bytes"
	"io"
	"log"
	"os"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/internal/seldom"
)

// orStandardError returns the logger that was given, or one to standard error in place of the zero
// value. zerolog.Nop() is not the zero value.
func orStandardError(given zerolog.Logger) zerolog.Logger {
	if !reflect.ValueOf(given).IsZero() {
		return given
	}
	var out io.Writer = os.Stderr
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		out = zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly} // a terminal
	}
	return zerolog.New(out).Level(zerolog.InfoLevel).With().Timestamp().Logger()
}

// logBridge gives memberlist a logger whose lines reach z with the level that they begin with.
func logBridge(z zerolog.Logger) *log.Logger { return log.New(levelWriter{z, seldom.New(z)}, "", 0) }

type levelWriter struct {
	log    zerolog.Logger
	seldom *seldom.Log
}

var levels = map[string]zerolog.Level{
	"DEBUG": zerolog.DebugLevel,
	"INFO":  zerolog.InfoLevel,
	"WARN":  zerolog.WarnLevel,
	"ERR":   zerolog.ErrorLevel,
	"ERROR": zerolog.ErrorLevel,
}

// Write takes one line, "[WARN] memberlist: text". A line without a level is a warning: memberlist writes them so by
// oversight, when something failed. It warns at every packet of a member that is refused, and quotes names, addresses and
// errors: of each kind of line, from info up, one is written a minute, whatever it quotes.
func (w levelWriter) Write(line []byte) (int, error) {
	level, text := zerolog.WarnLevel, bytes.TrimSpace(line)
	if prefix, rest, ok := bytes.Cut(text, []byte("] ")); ok && bytes.HasPrefix(prefix, []byte("[")) {
		if known, ok := levels[string(prefix[1:])]; ok {
			level, text = known, rest
		}
	}
	if level == zerolog.InfoLevel && statedByJournal(text) {
		level = zerolog.DebugLevel
	}
	if level < zerolog.InfoLevel || w.seldom.Due(level.String()+" "+lineKind(text)) {
		w.log.WithLevel(level).Msg(printable([]byte(seldom.Brief(string(text)))))
	}
	return len(line), nil
}

// lineKinds are how memberlist's lines begin, before what they quote.
var lineKinds = []string{
	"Conflicting address for", "Encryption of message failed", "Error accepting", "Error reading", "Failed fallback TCP ping",
	"Failed push/pull merge", "Failed to compress", "Failed to decode", "Failed to decompress", "Failed to encode",
	"Failed to encrypt", "Failed to forward", "Failed to parse", "Failed to push local state", "Failed to read remote state",
	"Failed to receive", "Failed to send UDP", "Failed to send ack", "Failed to send error", "Failed to send gossip",
	"Failed to send indirect", "Failed to send nack", "Got invalid checksum", "Got ping for unexpected node", "Ignoring an alive",
	"Message type", "Push/Pull with", "Received invalid msgType", "Refuting", "Rejected IP update", "Rejected node",
	"Remote node state size", "Too many pending", "UDP packet too short", "Was able to connect", "discarding", "failed to receive",
	"handler queue full", "ignoring alive", "msg type",
}

// lineKind returns how a line of memberlist's begins, and "" for an unknown line: those are of one kind.
func lineKind(text []byte) string {
	said := string(bytes.TrimPrefix(text, []byte("memberlist: ")))
	for _, kind := range lineKinds {
		if strings.HasPrefix(said, kind) {
			return kind
		}
	}
	return ""
}

// statedByJournal reports whether a line of memberlist's is about a member that does not answer:
// there is one for each member and probe, and the journal states what becomes of it.
func statedByJournal(text []byte) bool {
	return bytes.HasPrefix(text, []byte("memberlist: Suspect ")) ||
		bytes.HasPrefix(text, []byte("memberlist: Marking "))
}

// printable replaces what could forge a line or command a terminal: memberlist quotes names as it received them.
func printable(text []byte) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, string(text))
}
