// Package seldom logs what strangers give cause for, but not as often as they do.
package seldom

import (
	"hash/maphash"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	repeatAfter = time.Minute // of a warning
	mostRepeats = 1024        // warnings that are remembered
	mostText    = 1024        // bytes of an error or a message
)

// Log writes each message once a minute at most, however often a stranger causes it. A stranger must not
// be able to choose what distinguishes two messages.
type Log struct {
	log zerolog.Logger

	seed maphash.Seed
	mu   sync.Mutex
	said map[uint64]time.Time // by the hash of the text, which may be long
}

func New(log zerolog.Logger) *Log {
	return &Log{log: log, seed: maphash.MakeSeed(), said: make(map[uint64]time.Time)}
}

// Warn logs err under message, unless message was logged within the last minute: what err says is often the stranger's.
func (s *Log) Warn(err error, message string) {
	if s.Due(message) {
		s.log.Warn().Str(zerolog.ErrorFieldName, Brief(err.Error())).Msg(message)
	}
}

// Due reports whether text was not logged within the last minute, and takes it as logged. Where as many others were, it is not
// due: to forget them would let all of them be repeated.
func (s *Log) Due(text string) bool {
	key := maphash.String(s.seed, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.said[key]; ok && time.Since(last) < repeatAfter {
		return false
	}
	if len(s.said) >= mostRepeats {
		maps.DeleteFunc(s.said, func(_ uint64, last time.Time) bool { return time.Since(last) >= repeatAfter })
	}
	if len(s.said) >= mostRepeats {
		return false
	}
	s.said[key] = time.Now()
	return true
}

// Brief cuts a text that a stranger may have made long.
func Brief(text string) string {
	if len(text) <= mostText {
		return text
	}
	return strings.ToValidUTF8(text[:mostText], "") + "..."
}
