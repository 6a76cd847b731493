package peerfile

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestFault19_WriteFails at each step: the old file stays, and nothing else.
func TestFault19_WriteFails(t *testing.T) {
	for name, tt := range map[string]struct {
		write func(io.Writer) error
		want  error
	}{
		"half way": {func(file io.Writer) error { io.WriteString(file, head); return syscall.ENOSPC }, syscall.ENOSPC},
		"at once":  {func(io.Writer) error { return syscall.EIO }, syscall.EIO},
		"in sync":  {func(file io.Writer) error { return file.(*os.File).Close() }, fs.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "peers")
			mustWrite(t, path, few)
			if err := replace(path, tt.write); !errors.Is(err, tt.want) {
				t.Errorf("replace = %v, want %v", err, tt.want)
			}
			expect(t, path, few)
		})
	}
}

// TestFault19_LeftByACrash: what is at the place of the temporary file is neither in the way nor written to.
func TestFault19_LeftByACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	if err := os.WriteFile(path+".tmp", []byte(head), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := create(path+".tmp", func(io.Writer) error { return nil }); !errors.Is(err, fs.ErrExist) { // as if it had come after Write had looked
		t.Errorf("create over what is there = %v", err)
	}
	mustWrite(t, path, few)
	expect(t, path, few)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others may read the file: %v, %v", info.Mode(), err)
	}

	other := put(t, "precious")
	if err := os.Symlink(other, path+".tmp"); err != nil {
		t.Skip(err) // as Windows does for most users
	}
	mustWrite(t, path, many)
	expect(t, path, many)
	if content, err := os.ReadFile(other); string(content) != "precious" {
		t.Errorf("the file that a link leads to holds %.20q, %v", content, err)
	}
}

func TestFault19_ReadersDuringWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	mustWrite(t, path, few)
	var done atomic.Bool
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for !done.Load() {
				got, err := Read(path, "shop")
				if err != nil || !slices.Equal(got, few) && !slices.Equal(got, many) {
					t.Errorf("Read = %d peers, %v", len(got), err)
					return
				}
			}
		})
	}
	for range 50 {
		mustWrite(t, path, many)
		mustWrite(t, path, few)
	}
	done.Store(true)
	readers.Wait()
	expect(t, path, few)
}

const writerPath = "PEERFILE_TEST_WRITER" // makes the test binary write there until it is killed

// TestFault19_KilledWhileWriting kills a process that does nothing but write.
func TestFault19_KilledWhileWriting(t *testing.T) {
	if path := os.Getenv(writerPath); path != "" {
		for {
			mustWrite(t, path, many)
			mustWrite(t, path, few)
		}
	}
	path := filepath.Join(t.TempDir(), "peers")
	for range 8 {
		os.Remove(path)
		writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFault19_KilledWhileWriting$")
		writer.Env = append(os.Environ(), writerPath+"="+path)
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(path); err == nil {
				break
			}
		}
		time.Sleep(time.Duration(rand.Int64N(int64(10 * time.Millisecond))))
		writer.Process.Kill()
		writer.Wait()
		if got, err := Read(path, "shop"); err != nil || !slices.Equal(got, few) && !slices.Equal(got, many) {
			t.Errorf("Read = %d peers, %v", len(got), err)
		}
	}
	mustWrite(t, path, few)
	expect(t, path, few) // and the temporary file of the last that was killed is gone
}
