package cluster

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

// seldom logs a warning once a minute, however often a stranger gives cause for it.
type seldom struct {
	log zerolog.Logger

	seed maphash.Seed
	mu   sync.Mutex
	said map[uint64]time.Time // by the hash of the text, which may be long
}

func newSeldom(log zerolog.Logger) *seldom {
	return &seldom{log: log, seed: maphash.MakeSeed(), said: make(map[uint64]time.Time)}
}

func (s *seldom) warn(err error, message string) {
	if s.due(message + ": " + err.Error()) {
		s.log.Warn().Err(err).Msg(message)
	}
}

// due says whether text was not logged within the last minute, and takes it as logged.
func (s *seldom) due(text string) bool {
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
