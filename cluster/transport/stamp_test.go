package transport

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// putFile writes a file whose time is the same whatever it holds.
func putFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
}

func noErrors(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// replacements are the ways in which another content comes to a path, with the time and size that the first had.
var replacements = map[string]struct {
	before, after func(t *testing.T, folder string)
}{
	"rewritten in place": {
		func(t *testing.T, folder string) { putFile(t, filepath.Join(folder, "file"), "one") },
		func(t *testing.T, folder string) { putFile(t, filepath.Join(folder, "file"), "two") },
	},
	"renamed over": {
		func(t *testing.T, folder string) { putFile(t, filepath.Join(folder, "file"), "one") },
		func(t *testing.T, folder string) {
			putFile(t, filepath.Join(folder, "next"), "two")
			noErrors(t, os.Rename(filepath.Join(folder, "next"), filepath.Join(folder, "file")))
		},
	},
	"behind a link": {
		func(t *testing.T, folder string) {
			putFile(t, filepath.Join(folder, "1"), "one")
			noErrors(t, os.Symlink("1", filepath.Join(folder, "file")))
		},
		func(t *testing.T, folder string) {
			putFile(t, filepath.Join(folder, "2"), "two")
			noErrors(t, os.Symlink("2", filepath.Join(folder, "next")),
				os.Rename(filepath.Join(folder, "next"), filepath.Join(folder, "file")))
		},
	},
	"in a folder behind a link, as Kubernetes mounts secrets": {
		func(t *testing.T, folder string) {
			noErrors(t, os.Mkdir(filepath.Join(folder, "..1"), 0o700))
			putFile(t, filepath.Join(folder, "..1", "file"), "one")
			noErrors(t, os.Symlink("..1", filepath.Join(folder, "..data")),
				os.Symlink(filepath.Join("..data", "file"), filepath.Join(folder, "file")))
		},
		func(t *testing.T, folder string) {
			noErrors(t, os.Mkdir(filepath.Join(folder, "..2"), 0o700))
			putFile(t, filepath.Join(folder, "..2", "file"), "two")
			noErrors(t, os.Symlink("..2", filepath.Join(folder, "..next")),
				os.Rename(filepath.Join(folder, "..next"), filepath.Join(folder, "..data")))
		},
	},
}

func TestStampOfAnotherContent(t *testing.T) {
	for name, way := range replacements {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			way.before(t, folder)
			file := filepath.Join(folder, "file")
			before := Stamp(file)
			if again := Stamp(file); again != before {
				t.Errorf("the stamp of one content is %q, then %q", before, again)
			}
			way.after(t, folder)
			if Stamp(file) == before {
				t.Error("another content has the same stamp")
			}
		})
	}
}

// TestRereadOfAnotherContent is the same for what TLSFiles keeps.
func TestRereadOfAnotherContent(t *testing.T) {
	for name, way := range replacements {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			way.before(t, folder)
			file := filepath.Join(folder, "file")
			reads := 0
			held := &reread[string]{files: []string{file}, read: func() (string, error) {
				reads++
				content, err := os.ReadFile(file)
				return string(content), err
			}}
			for range 2 {
				if got, err := held.get(); got != "one" || err != nil || reads != 1 {
					t.Errorf("held %q, %v after %d reads, want one after 1", got, err, reads)
				}
			}
			way.after(t, folder)
			for range 2 {
				if got, err := held.get(); got != "two" || err != nil || reads != 2 {
					t.Errorf("held %q, %v after %d reads, want two after 2", got, err, reads)
				}
			}
		})
	}
}

// TestStampIsOfTheContent: what is only touched is not read again.
func TestStampIsOfTheContent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	putFile(t, file, "one")
	before := Stamp(file)
	noErrors(t, os.Chtimes(file, time.Now(), time.Now()))
	if Stamp(file) != before {
		t.Error("the stamp changes with the time of the file")
	}
}

// TestStampOfALargeFile: beyond what is read of it, the size tells.
func TestStampOfALargeFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	putFile(t, file, strings.Repeat("x", mostStamped))
	before := Stamp(file)
	putFile(t, file, strings.Repeat("x", mostStamped+1))
	if Stamp(file) == before {
		t.Error("a file that grows beyond what is read keeps its stamp")
	}
}

func TestStampOfWhatCannotBeRead(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	missing := Stamp(file)
	putFile(t, file, "")
	if empty := Stamp(file); empty == missing || empty == "" {
		t.Errorf("the stamp of an empty file is %q, that of none %q", empty, missing)
	}
	if first, again := Stamp(folder), Stamp(folder); first != again {
		t.Error("the stamp of a folder changes by itself")
	}
}
