//go:build !unix

package cluster

import "io/fs"

// ownsFile assumes that the file belongs to the user of this process: the system does not tell.
func ownsFile(fs.FileInfo) bool { return true }
