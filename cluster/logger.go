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
// oversight, when something failed. It warns at every packet of a member that is refused: the same warning is written
// once a minute.
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
	message := printable(text)
	said, _, _ := strings.Cut(message, " from=") // memberlist ends with the peer's address, whose port differs each time
	if level < zerolog.WarnLevel || w.seldom.Due(said) {
		w.log.WithLevel(level).Msg(message)
	}
	return len(line), nil
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
