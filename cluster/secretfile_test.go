package cluster_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// writeMode writes a file with exactly this mode, whatever the umask.
func writeMode(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestSecretFileRefused: the error says what is wrong with the file.
func TestSecretFileRefused(t *testing.T) {
	loopback, _ := occupied(t)
	for name, tt := range map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"missing":           {func(*testing.T, string) {}, "create the file"},
		"empty":             {func(t *testing.T, path string) { writeMode(t, path, "", 0o600) }, "the file is empty"},
		"blank":             {func(t *testing.T, path string) { writeMode(t, path, " \n\t\r\n", 0o600) }, "only blanks and comments"},
		"comments":          {func(t *testing.T, path string) { writeMode(t, path, "# none\n\n#yet", 0o600) }, "only blanks and comments"},
		"a directory":       {func(t *testing.T, path string) { os.Mkdir(path, 0o700) }, "it is a directory"},
		"a word":            {func(t *testing.T, path string) { writeMode(t, path, "xyzzy\n", 0o600) }, "at least 16 random bytes"},
		"too long":          {func(t *testing.T, path string) { writeMode(t, path, strings.Repeat("\n", 1<<20+1), 0o600) }, "keep it within"},
		"a link to nowhere": {func(t *testing.T, path string) { os.Symlink(path+".gone", path) }, "create the file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			tt.make(t, path)
			err := startError(t, cluster.Config{Bind: loopback, SecretFile: path})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) ||
				!strings.Contains(err.Error(), "-gossip.secret-file") || strings.Contains(err.Error(), "xyzzy") {
				t.Errorf("Start = %v, want it to name the file and the flag, and to say: %s", err, tt.want)
			}
		})
	}
}

// TestSecretFileUnreadable needs a user whom modes bind.
func TestSecretFileUnreadable(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("skipped: this user may read every file")
	}
	path := filepath.Join(t.TempDir(), "secret")
	writeMode(t, path, cluster.NewSecret(), 0)
	err := startError(t, cluster.Config{SecretFile: path})
	wantFieldError(t, err, "secret file", path)
	if err == nil || !strings.Contains(err.Error(), "let the user of this process read the file") {
		t.Errorf("Start = %v, want it to say that the file may not be read", err)
	}
}

// exposed counts the warnings of a file that others can read.
func exposed(t *testing.T, log *lines, path string) (count int) {
	t.Helper()
	for _, line := range log.all() {
		var said struct{ Level, Message, File, Mode string }
		if json.Unmarshal([]byte(line), &said) != nil || said.File != path {
			continue
		}
		if said.Level != "warn" || !strings.Contains(said.Message, "read") || !strings.Contains(said.Message, "chmod 600") || said.Mode == "" {
			t.Errorf("the warning is %s, want it to say who can read the file, its mode, and chmod 600", line)
		}
		count++
	}
	return count
}

func TestSecretFileOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: files have no such modes here")
	}
	for mode, want := range map[fs.FileMode]int{0o600: 0, 0o400: 0, 0o700: 0, 0o644: 1, 0o640: 1, 0o604: 1, 0o440: 1, 0o620: 1, 0o666: 1} {
		t.Run(mode.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			writeMode(t, path, cluster.NewSecret(), mode)
			var log lines
			start(t, cluster.Config{SecretFile: path, Logger: zerolog.New(&log)})
			if got := exposed(t, &log, path); got != want {
				t.Errorf("%d warnings of a file of mode %v, want %d", got, mode, want)
			}
		})
	}
}

// TestSecretFileOfGroup has another user own the file, as Kubernetes does: this process reads it as one of the group.
func TestSecretFileOfGroup(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can give a file to another user")
	}
	const another = 65532
	for mode, want := range map[fs.FileMode]int{0o440: 0, 0o640: 0, 0o400: 0, 0o460: 1, 0o444: 1, 0o644: 1} {
		t.Run(mode.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			writeMode(t, path, cluster.NewSecret(), mode)
			if err := os.Chown(path, another, os.Getgid()); err != nil {
				t.Fatal(err)
			}
			var log lines
			start(t, cluster.Config{SecretFile: path, Logger: zerolog.New(&log)})
			if got := exposed(t, &log, path); got != want {
				t.Errorf("%d warnings of a file of mode %v, want %d", got, mode, want)
			}
		})
	}
}

// TestSecretFileOfOthersBehindALink: the mode of the file counts, not that of the link.
func TestSecretFileOfOthersBehindALink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: files have no such modes here")
	}
	for mode, want := range map[fs.FileMode]int{0o600: 0, 0o644: 1} {
		folder := t.TempDir()
		writeMode(t, filepath.Join(folder, "1"), cluster.NewSecret(), mode)
		link := filepath.Join(folder, "secret")
		if err := os.Symlink("1", link); err != nil {
			t.Fatal(err)
		}
		var log lines
		start(t, cluster.Config{SecretFile: link, Logger: zerolog.New(&log)})
		if got := exposed(t, &log, link); got != want {
			t.Errorf("%d warnings of a file of mode %v, want %d", got, mode, want)
		}
	}
}

func TestKeyFileOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: files have no such modes here")
	}
	config := certificateFiles(t, newPKI(t), "a")
	for _, public := range []string{config.CertFile, config.CAFile} {
		if err := os.Chmod(public, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for mode, want := range map[fs.FileMode]int{0o600: 0, 0o644: 1} {
		if err := os.Chmod(config.KeyFile, mode); err != nil {
			t.Fatal(err)
		}
		var log lines
		config.Logger = zerolog.New(&log)
		start(t, config)
		if got := exposed(t, &log, config.KeyFile); got != want || strings.Contains(strings.Join(log.all(), ""), config.CertFile) {
			t.Errorf("%d warnings of a key of mode %v, want %d and none of the certificate: %q", got, mode, want, log.all())
		}
	}
}

// TestSecretFileReplaced: a file that was replaced is read again, whatever its time and size, and
// one that others can read draws a warning each time.
func TestSecretFileReplaced(t *testing.T) {
	one, other := cluster.NewSecret(), cluster.NewSecret()
	first, second := one+"\n"+other+"\n", other+"\n"+one+"\n"
	then := time.Unix(1, 0)
	for name, replace := range map[string]func(t *testing.T, path string){
		"in place": func(t *testing.T, path string) { writeMode(t, path, second, 0o644) },
		"by a rename": func(t *testing.T, path string) {
			writeMode(t, path+".new", second, 0o644)
			os.Chtimes(path+".new", then, then)
			os.Rename(path+".new", path)
		},
		"by a link": func(t *testing.T, path string) {
			writeMode(t, path+".2", second, 0o644)
			os.Chtimes(path+".2", then, then)
			os.Symlink(path+".2", path+".link")
			os.Rename(path+".link", path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			writeMode(t, path, first, 0o600)
			os.Chtimes(path, then, then)
			sealed(t, 0, func(t *testing.T, c *testcluster.Cluster) {
				var log lines
				m := c.Run(c.Network.Host(), cluster.Config{Name: "m1", SecretFile: path, Logger: zerolog.New(&log)})
				before := m.Secrets()
				time.Sleep(9 * time.Second) // between two looks at the file, which come every 2 s
				if took := strings.Count(strings.Join(log.all(), ""), "took over the secrets"); took > 0 {
					t.Errorf("the file was read %d times although it did not change", took)
				}
				replace(t, path)
				os.Chtimes(path, then, then)
				time.Sleep(4 * time.Second)
				if after := m.Secrets(); after[0].ID != before[1].ID || after[1].ID != before[0].ID {
					t.Errorf("the secrets are %v, before %v, want the other one used", after, before)
				}
				if got := exposed(t, &log, path); got != 1 && runtime.GOOS != "windows" {
					t.Errorf("%d warnings of the new file, want 1", got)
				}
				os.WriteFile(path, nil, 0o600)
				time.Sleep(4 * time.Second)
				if said := strings.Join(log.all(), ""); len(m.Secrets()) != 2 || !strings.Contains(said, "the file is empty") {
					t.Errorf("of an empty file it takes %v and says %s", m.Secrets(), said)
				}
			})
		})
	}
}
