//go:build unix

package cluster

import (
	"io/fs"
	"os"
	"syscall"
)

// ownsFile reports whether the file belongs to the user of this process.
func ownsFile(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Geteuid()
}
