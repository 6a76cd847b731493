// Package seldom logs what strangers give cause for, but not as often as they do.
package seldom

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	repeatAfter = time.Minute // of a warning
	mostRepeats = 1024        // warnings that are remembered
)

// Log writes the same message once a minute at most, however often and in how many ways a stranger gives cause for it.
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
		s.log.Warn().Err(err).Msg(message)
	}
}

// Due says whether text was not logged within the last minute, and takes it as logged.
func (s *Log) Due(text string) bool {
	key := maphash.String(s.seed, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.said[key]; ok && time.Since(last) < repeatAfter {
		return false
	}
	if len(s.said) >= mostRepeats {
		clear(s.said)
	}
	s.said[key] = time.Now()
	return true
}
