package cluster_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/internal/peerfile"
	"github.com/grapevine-go/grapevine/testcluster"
)

const (
	remembered = 10 * time.Second // within which the file holds what the node knows
	noPeer     = "10.9.9.9:7946"  // in files that were there before
)

// peersFile makes the content of a file of peers, of cluster, that a release has written.
func peersFile(t *testing.T, cluster string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made")
	if err := peerfile.Write(path, cluster, []string{noPeer}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestFault19_FileOfPeersIsNotOurs has something at the path of the file that this node did not write, or can no longer read.
// It starts and joins anyway, and says in one line what is wrong with which file. It replaces what is damaged only.
func TestFault19_FileOfPeersIsNotOurs(t *testing.T) {
	ours, later := peersFile(t, "test"), []byte("grapevine peers 2\nanything\n")
	for name, tt := range map[string]struct {
		content  []byte
		says     string
		replaced bool
	}{
		"corrupt":          {bytes.Replace(ours, []byte("10.9.9.9"), []byte("10.9.9.8"), 1), "checksum", true},
		"truncated":        {ours[:len(ours)/2], "checksum", true},
		"one byte short":   {ours[:len(ours)-1], "checksum", true},
		"empty":            {[]byte{}, "checksum", true},
		"another cluster":  {peersFile(t, "other"), `of cluster \"other\"`, false},
		"of a later form":  {later, "of version", false},
		"a text":           {[]byte("precious notes\n"), "no file of peers", false},
		"one line of text": {[]byte("precious"), "no file of peers", false},
		"a big text":       {bytes.Repeat([]byte("x"), 1<<20), "more than", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "peers")
			if err := os.WriteFile(path, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			sealed(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				startsAnyway(t, c, path, tt.says)
				if tt.replaced {
					checkRemembered(t, path, c.Members[0].Address())
				}
			})
			if content, err := os.ReadFile(path); !tt.replaced && !bytes.Equal(content, tt.content) {
				t.Errorf("the file has become %q, %v", content, err)
			}
		})
	}
}

// TestFault19_FileOfPeersCannotBeWritten is the same where no file can be.
func TestFault19_FileOfPeersCannotBeWritten(t *testing.T) {
	for name, tt := range map[string]struct{ below, says string }{
		"a folder":              {"", "nor a regular file"},
		"in a folder not there": {"missing/peers", "cannot remember the peers"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			sealed(t, 1, func(t *testing.T, c *testcluster.Cluster) {
				startsAnyway(t, c, filepath.Join(folder, tt.below), tt.says)
			})
			if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
				t.Errorf("the folder holds %v, %v", entries, err)
			}
		})
	}
}

// startsAnyway runs a member with that file for long enough to write it, and holds what it says of it to one line.
func startsAnyway(t *testing.T, c *testcluster.Cluster, path, says string) {
	t.Helper()
	var log lines
	m := c.Run(c.Network.Host(), cluster.Config{Name: "remembers", PeersFile: path, Logger: zerolog.New(&log).Level(zerolog.WarnLevel)})
	defer m.Close()
	c.AwaitConverged(time.Second)
	time.Sleep(remembered)
	if said := log.all(); len(said) != 1 || !strings.Contains(said[0], says) || !strings.Contains(said[0], path) {
		t.Errorf("it warns with %q, want one line with %q and %s", said, says, path)
	}
}

// checkRemembered expects these addresses in a file of cluster test, and no others.
func checkRemembered(t *testing.T, path string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got, err := peerfile.Read(path, "test"); err != nil || !slices.Equal(got, want) {
		t.Errorf("the file holds %q, %v, want %q", got, err, want)
	}
}
