package seldom

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// TestSeldom counts lines: a stranger decides how often there is cause to warn.
func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := New(zerolog.New(&log))
		for range 100 {
			s.Warn(errors.New("one"), "cluster: dropped a record")
			s.Warn(errors.New("another"), "cluster: dropped a record")
			s.Warn(errors.New("another"), "cluster: dropped a message")
			time.Sleep(time.Second) // 100 s: at the start and after a minute
		}
		if lines := strings.Count(log.String(), "\n"); lines != 2*2 {
			t.Errorf("%d lines, want 4:\n%s", lines, &log)
		}
		for i := range 3 * mostRepeats {
			s.Due(fmt.Sprint(i))
		}
		if s.Due("0") || s.Due("cluster: dropped a message") {
			t.Error("a flood of texts makes others be repeated")
		}
		if len(s.said) > mostRepeats {
			t.Errorf("%d texts are remembered", len(s.said))
		}
	})
}
