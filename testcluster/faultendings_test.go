package testcluster_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

// endings are the ways in which a whole cluster may end. After a kill, keep makes the files what they were before it.
var endings = map[string]func(t *testing.T, c *testcluster.Cluster, keep func()){
	"killed at once": func(_ *testing.T, c *testcluster.Cluster, keep func()) {
		for len(c.Members) > 0 {
			c.Kill(c.Members[0])
		}
		keep()
	},
	"killed one after another": func(_ *testing.T, c *testcluster.Cluster, _ func()) {
		for len(c.Members) > 0 {
			c.Kill(c.Members[0])
			time.Sleep(20 * time.Second) // the others have noticed, and written
		}
	},
	"left one after another": func(t *testing.T, c *testcluster.Cluster, _ func()) {
		for len(c.Members) > 0 {
			if err := c.Leave(c.Members[0]); err != nil {
				t.Errorf("leave: %v", err)
			}
			time.Sleep(10 * time.Second)
		}
	},
	"left at once": func(_ *testing.T, c *testcluster.Cluster, _ func()) {
		var leaves sync.WaitGroup
		for _, m := range slices.Clone(c.Members) {
			leaves.Go(func() { m.Node.Leave(context.Background()) }) // not all confirm to all
		}
		leaves.Wait()
		c.Close()
	},
}

// holdFiles reads the files in a directory, and gives a func that writes them again: a process that is killed writes
// nothing more, but its node, which ends in this process, does.
func holdFiles(t *testing.T, dir string) (keep func()) {
	t.Helper()
	held := make(map[string][]byte)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if held[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for file, content := range held {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}
