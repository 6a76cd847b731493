package cluster

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestLogBridge(t *testing.T) {
	for name, tt := range map[string]struct{ line, level, message string }{
		"debug":             {"[DEBUG] memberlist: a", "debug", "memberlist: a"},
		"info":              {"[INFO] memberlist: a", "info", "memberlist: a"},
		"warning":           {"[WARN] memberlist: a", "warn", "memberlist: a"},
		"a suspect":         {"[INFO] memberlist: Suspect a@1 has failed, no acks received", "debug", "memberlist: Suspect a@1 has failed, no acks received"},
		"a suspect's end":   {"[INFO] memberlist: Marking a@1 as failed", "debug", "memberlist: Marking a@1 as failed"},
		"error":             {"[ERR] memberlist: a", "error", "memberlist: a"},
		"error, spelled":    {"[ERROR] memberlist: a", "error", "memberlist: a"},
		"no level":          {"Err: a", "warn", "Err: a"},
		"unknown level":     {"[TRACE] a", "warn", "[TRACE] a"},
		"bracket later":     {"a [WARN] b", "warn", "a [WARN] b"},
		"level alone":       {"[INFO]", "warn", "[INFO]"},
		"empty":             {"", "warn", ""},
		"escapes and lines": {"[INFO] \x1b[31m\na", "info", "\ufffd[31m\ufffda"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			logBridge(zerolog.New(&out)).Print(tt.line)
			var got struct{ Level, Message string }
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatalf("%q: %v", &out, err)
			}
			if got.Level != tt.level || got.Message != tt.message {
				t.Errorf("%q becomes %q at level %s, want %q at %s", tt.line, got.Message, got.Level, tt.message, tt.level)
			}
			if lines := bytes.Count(out.Bytes(), []byte("\n")); lines != 1 || bytes.ContainsRune(out.Bytes(), '\x1b') {
				t.Errorf("%q is %d lines, or holds an escape: %q", tt.line, lines, &out)
			}
		})
	}
}

func TestLogBridgeKeepsToItsLevel(t *testing.T) {
	var out bytes.Buffer
	bridge := logBridge(zerolog.New(&out).Level(zerolog.WarnLevel))
	bridge.Print("[DEBUG] a")
	bridge.Print("[INFO] a")
	if out.Len() > 0 {
		t.Errorf("a logger for warnings got %q", &out)
	}
	logBridge(zerolog.Logger{}).Print("[ERR] nobody listens") // the zero value discards
}

// TestLogBridgeRepeatsSeldom counts lines: memberlist warns at every packet of a member that is refused.
func TestLogBridgeRepeatsSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		bridge := logBridge(zerolog.New(&out))
		for range 100 {
			bridge.Print("[WARN] memberlist: ignoring one")
			bridge.Print("[ERR] memberlist: ignoring another")
			time.Sleep(time.Second) // 100 s: at the start and after a minute
		}
		if lines := bytes.Count(out.Bytes(), []byte("\n")); lines != 2*2 {
			t.Errorf("%d lines, want 4:\n%s", lines, &out)
		}
		out.Reset()
		for range 3 {
			bridge.Print("[DEBUG] memberlist: again")
		}
		if lines := bytes.Count(out.Bytes(), []byte("\n")); lines != 3 {
			t.Errorf("%d lines, want all 3 that are no warnings", lines)
		}
	})
}
