package peerfile

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

const limitedPath = "PEERFILE_TEST_LIMITED" // makes the test binary write there, with room for a page

// TestFault19_FullDisk has the kernel refuse the second page of a file, in a process of its own, as the limit is one of the
// whole process.
func TestFault19_FullDisk(t *testing.T) {
	if path := os.Getenv(limitedPath); path != "" {
		writeLimited(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "peers")
	mustWrite(t, path, few)
	writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFault19_FullDisk$")
	writer.Env = append(os.Environ(), limitedPath+"="+path)
	if output, err := writer.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
	expect(t, path, few)
}

func writeLimited(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails instead
	page := uint64(os.Getpagesize())
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: page, Max: page}); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, "shop", many); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("Write = %v, want that there is no room", err)
	}
}

// TestFault19_NamedPipes: whoever opens one waits for the other end, if nothing prevents it.
func TestFault19_NamedPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	for _, pipe := range []string{path, path + ".tmp"} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Read(path, "shop"); len(got) > 0 || !errors.Is(err, ErrCorrupt) {
		t.Errorf("Read = %q, %v", got, err)
	}
	if err := Write(path, "shop", few); !errors.Is(err, errNoFile) {
		t.Errorf("Write in the place of a named pipe = %v", err)
	}
	os.Remove(path)
	mustWrite(t, path, few)
	expect(t, path, few)
}
