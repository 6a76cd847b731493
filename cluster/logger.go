package cluster

import (
	"bytes"
	"log"

	"github.com/rs/zerolog"
)

// logBridge gives memberlist a logger whose lines reach z with the level that they begin with.
func logBridge(z zerolog.Logger) *log.Logger { return log.New(levelWriter{z}, "", 0) }

type levelWriter struct{ log zerolog.Logger }

var levels = map[string]zerolog.Level{
	"DEBUG": zerolog.DebugLevel,
	"INFO":  zerolog.InfoLevel,
	"WARN":  zerolog.WarnLevel,
	"ERR":   zerolog.ErrorLevel,
	"ERROR": zerolog.ErrorLevel,
}

// Write takes one line, "[WARN] memberlist: text". A line without a level is a warning: memberlist writes them so by
// oversight, when something failed.
func (w levelWriter) Write(line []byte) (int, error) {
	level, text := zerolog.WarnLevel, bytes.TrimSpace(line)
	if prefix, rest, ok := bytes.Cut(text, []byte("] ")); ok && bytes.HasPrefix(prefix, []byte("[")) {
		if known, ok := levels[string(prefix[1:])]; ok {
			level, text = known, rest
		}
	}
	w.log.WithLevel(level).Msg(string(text))
	return len(line), nil
}
