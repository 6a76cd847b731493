package peerfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var (
	few  = []string{"10.0.0.7:7946", "[fd00::7]:7946"}
	many = manyPeers(1000)
)

// manyPeers gives n addresses in order.
func manyPeers(n int) (addresses []string) {
	for i := range n {
		addresses = append(addresses, fmt.Sprintf("10.%d.%d.%d:7946", i>>16, i>>8&0xff, i&0xff))
	}
	return addresses
}

// sealed adds the checksum that fits.
func sealed(text string) string { return text + sumLine([]byte(text)) }

// put makes a file of this content, in a folder of its own.
func put(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "peers")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustWrite(t *testing.T, path string, addresses []string) {
	t.Helper()
	if err := Write(path, "shop", addresses); err != nil {
		t.Fatal(err)
	}
}

// expect checks what is at path, and that nothing else is in its folder.
func expect(t *testing.T, path string, want []string) {
	t.Helper()
	if got, err := Read(path, "shop"); err != nil || !slices.Equal(got, want) {
		t.Errorf("Read = %.5q, %v, want %.5q", got, err, want)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v, want the file alone", entries, err)
	}
}
