package peerfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replace puts what write writes in the place of the file at path, or leaves that as it is. Whoever opens path finds the
// old file or the new one, and after a crash of the system too: the new one is on disk before it has the name.
func replace(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return errNoFile // a rename would put a file in the place of a device
	}
	temporary := path + ".tmp" // always the same, so that crashes do not fill the disk with them
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := create(temporary, write)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		os.Remove(temporary)
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// create makes a file that was not there: what somebody else put there, a link or a named pipe, is not written to.
func create(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close() // after Sync there is nothing that it could fail to write
	if err := write(file); err != nil {
		return err
	}
	return file.Sync()
}

// syncFolder makes the new name last. Not every system lets a folder be synced; without it a crash of the system may
// bring back the old file, which is whole too.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		folder.Sync()
		folder.Close()
	}
}
