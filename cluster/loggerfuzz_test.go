package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/rs/zerolog"
)

// longestLine bounds a line: JSON escapes a byte in six.
const longestLine = 8 << 10

// FuzzLogLine writes what memberlist may quote of a stranger. It makes one line at most, of what can be printed.
func FuzzLogLine(f *testing.F) {
	f.Add([]byte("[WARN] memberlist: Got ping for unexpected node 'a' from=1.2.3.4:5\n"))
	f.Add([]byte("[ERR] memberlist: \x1b[2J from=\n"))
	f.Add([]byte("[ERR] memberlist: Rejected node \u202ea\u200b\xff (10.0.0.1): no"))
	f.Add([]byte("]] [ [INFO]\n"))
	f.Add(bytes.Repeat([]byte("\xf0\x9f\x98\x80\x00"), 1000))
	f.Fuzz(func(t *testing.T, line []byte) {
		var out bytes.Buffer
		bridge := logBridge(zerolog.New(&out))
		for range 3 {
			bridge.Print(string(line))
		}
		lines := strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
		var got struct{ Level, Message string }
		if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
			t.Fatalf("%q makes %q: %v", line, lines[0], err)
		}
		if warns := got.Level == "warn" || got.Level == "error"; warns && len(lines) > 1 {
			t.Errorf("%q is written %d times", line, len(lines))
		}
		for _, written := range lines {
			if len(written) > longestLine || strings.ContainsFunc(strings.TrimSuffix(written, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q makes %q", line, written)
			}
		}
	})
}

// TestWarningsByKind has a stranger choose what warnings quote. Each kind is written once a minute,
// and a flood of one neither repeats nor hides another.
func TestWarningsByKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		bridge := logBridge(zerolog.New(&out))
		quoting := []string{
			"[WARN] memberlist: Got ping for unexpected node '%s' from=10.0.0.1:1",
			"[WARN] memberlist: Rejected node %s (10.0.0.1): no",
			"[ERR] memberlist: Push/Pull with %s failed: no",
			"[ERR] memberlist: Failed to send gossip to %s: no",
			"[ERR] memberlist: %s",
			"[WARN] %s",
			"%s",
		}
		const minutes = 3
		for i := range minutes * 1000 {
			for _, format := range quoting {
				bridge.Printf(format, fmt.Sprintf("stranger%d", i))
			}
			time.Sleep(minutes * time.Minute / (minutes * 1000))
		}
		kinds := len(quoting) - 1 // the last two are one
		if lines := bytes.Count(out.Bytes(), []byte("\n")); lines != minutes*kinds {
			t.Errorf("%d lines in %d minutes, want one of each of %d kinds a minute", lines, minutes, kinds)
		}
	})
}
