//go:build unix

package transport

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestStampOfAPipe does not wait for a writer.
func TestStampOfAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if first, again := Stamp(pipe), Stamp(pipe); first != again {
		t.Error("the stamp of a pipe changes by itself")
	}
}
