package cluster

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
		s, bridge := newSeldom(zerolog.New(&log)), logBridge(zerolog.New(&log))
		for range 100 {
			s.warn(errors.New("one"), "cluster: dropped a record")
			s.warn(errors.New("another"), "cluster: dropped a record")
			bridge.Print("[WARN] memberlist: ignoring one")
			bridge.Print("[ERR] memberlist: ignoring another")
			time.Sleep(time.Second) // 100 s: at the start and after a minute
		}
		if lines := strings.Count(log.String(), "\n"); lines != 2*4 {
			t.Errorf("%d lines, want 8:\n%s", lines, &log)
		}
		log.Reset()
		for range 3 {
			bridge.Print("[DEBUG] memberlist: again")
		}
		if lines := strings.Count(log.String(), "\n"); lines != 3 {
			t.Errorf("%d lines, want all 3 that are no warnings", lines)
		}
		for i := range 3 * mostRepeats {
			s.due(fmt.Sprint(i))
		}
		if len(s.said) > mostRepeats {
			t.Errorf("%d texts are remembered", len(s.said))
		}
	})
}
