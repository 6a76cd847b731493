package peerfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for name, tt := range map[string]struct{ written, read []string }{
		"none":         {nil, nil},
		"as it is":     {few, few},
		"in order":     {[]string{"[fd00::7]:1", "10.0.0.10:1", "10.0.0.9:2", "10.0.0.9:1"}, []string{"10.0.0.9:1", "10.0.0.9:2", "10.0.0.10:1", "[fd00::7]:1"}},
		"each once":    {[]string{"10.0.0.7:1", "10.0.0.7:1", "[::ffff:10.0.0.7]:1"}, []string{"10.0.0.7:1"}},
		"as many":      {manyPeers(mostPeers), manyPeers(mostPeers)},
		"too many":     {manyPeers(mostPeers + 1), manyPeers(mostPeers)},
		"many as one":  {slices.Repeat(few, mostPeers), few},
		"on this host": {[]string{"127.0.0.1:65535", "[::1]:1"}, []string{"127.0.0.1:65535", "[::1]:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "peers")
			given := slices.Clone(tt.written)
			mustWrite(t, path, given)
			expect(t, path, tt.read)
			if !slices.Equal(given, tt.written) {
				t.Error("Write changed the caller's slice")
			}
		})
	}
}

// TestForm is what other releases have to read.
func TestForm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	mustWrite(t, path, few)
	const want = "grapevine peers 1\ncluster \"shop\"\n10.0.0.7:7946\n[fd00::7]:7946\n" +
		"sha256 fcdc0a3cb356379cc7d38e0f2e1b63ff6b95c6e7ada9a5f3ba1dcc0dc774c4e2\n"
	if got, err := os.ReadFile(path); string(got) != want {
		t.Errorf("the file holds %s, %v", got, err)
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("the mode of the file is %v, %v", info.Mode(), err)
	}
}

func TestClusterNames(t *testing.T) {
	for _, cluster := range []string{"", "shop", "a b", "two\nlines", `"`, "\xff", "é"} {
		path := filepath.Join(t.TempDir(), "peers")
		if err := Write(path, cluster, few); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path, cluster); err != nil || !slices.Equal(got, few) {
			t.Errorf("cluster %q: Read = %q, %v", cluster, got, err)
		}
	}
}

func TestFault19_ForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	mustWrite(t, path, few)
	for _, cluster := range []string{"", "Shop", "shop ", "mall"} {
		got, err := Read(path, cluster)
		if len(got) > 0 || !errors.Is(err, ErrForeign) || errors.Is(err, ErrCorrupt) ||
			!strings.Contains(err.Error(), `of cluster "shop", and this is "`+cluster+`": delete it`) || !strings.Contains(err.Error(), path) {
			t.Errorf("Read for cluster %q = %q, %v", cluster, got, err)
		}
	}
}

func TestNoFile(t *testing.T) {
	got, err := Read(filepath.Join(t.TempDir(), "peers"), "shop")
	if len(got) > 0 || !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrCorrupt) {
		t.Errorf("Read = %q, %v", got, err)
	}
}

// TestFault19_NotAFile: neither is waited for what is not a file, nor is it replaced.
func TestFault19_NotAFile(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull} {
		if got, err := Read(path, "shop"); len(got) > 0 || !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path) {
			t.Errorf("Read(%s) = %q, %v", path, got, err)
		}
	}
	folder := t.TempDir() // not the null device: who breaks this test must not break the system
	if err := Write(folder, "shop", few); !errors.Is(err, errNoFile) || !strings.Contains(err.Error(), folder) {
		t.Errorf("Write(%s) = %v", folder, err)
	}
	if _, err := os.Stat(folder + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary file is left: %v", err)
	}
}

func TestFault19_FolderCannotBeWritten(t *testing.T) {
	file := put(t, "")
	for _, path := range []string{filepath.Join(file, "peers"), filepath.Join(t.TempDir(), "missing", "peers")} {
		if err := Write(path, "shop", few); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Write(%s) = %v", path, err)
		}
		if got, err := Read(path, "shop"); len(got) > 0 || err == nil {
			t.Errorf("Read(%s) = %q, %v", path, got, err)
		}
	}
}

func TestWriteRefusesAddresses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	mustWrite(t, path, few)
	for _, address := range []string{"", "nonsense", "host:1", "10.0.0.7", "10.0.0.7:0", "0.0.0.0:1", "[::]:1", "[::ffff:0.0.0.0]:1",
		"224.0.0.1:1", "[ff02::1]:1", "255.255.255.255:1", "[fe80::1%eth0]:1", "10.0.0.7:1\n10.0.0.8:1", "10.0.0.7:65536", " 10.0.0.7:1"} {
		if err := Write(path, "shop", []string{"10.0.0.8:1", address}); err == nil || !strings.Contains(err.Error(), "use the IP and port") {
			t.Errorf("Write of %q = %v", address, err)
		}
	}
	if err := Write(path, strings.Repeat("x", longest), few); !errors.Is(err, errTooLong) {
		t.Errorf("Write of what cannot be read = %v", err)
	}
	expect(t, path, few)
}
