// Package peerfile remembers on disk where the members of a cluster were, for a node that starts again. The file is text,
// is replaced as a whole, and ends with a checksum:
//
//	grapevine peers 1
//	cluster "shop"
//	10.0.0.7:7946
//	[fd00::7]:7946
//	sha256 fcdc0a3cb3...
package peerfile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	mostPeers = 4096
	longest   = 256 << 10 // bytes; that many addresses are fewer
)

// ErrCorrupt is wrapped by the error of Read for a file that Write did not leave there like that.
var ErrCorrupt = errors.New("the file of peers cannot be used")

// ErrUnknown is wrapped by the error of Read for a file that is something else, as far as can be told: it should be left alone.
var ErrUnknown = errors.New("it is no file of peers")

// ErrForeign is wrapped by the error of Read for the peers of another cluster.
var ErrForeign = errors.New("the file of peers is another cluster's")

// Read gives the peers of cluster that were written to path last, IP:port each, in order. The error wraps [fs.ErrNotExist]
// if there is no file, ErrForeign, ErrCorrupt, that and ErrUnknown, or what the system says. Read may run beside a Write.
func Read(path, cluster string) (addresses []string, err error) {
	content, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	owner, peers, err := decode(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w: delete it or name another file", ErrCorrupt, path, err)
	}
	if owner != cluster {
		return nil, fmt.Errorf("%w: %s is of cluster %.64q, and this is %q: delete it or name another file",
			ErrForeign, path, owner, cluster)
	}
	for _, peer := range peers {
		addresses = append(addresses, peer.String())
	}
	return addresses, nil
}

// Write replaces the file at path, or the link there, by one that holds the addresses, IP:port each, and that only its owner
// may read; of more than 4096 it holds the first in their order. After an error the file is as it was. While it writes there
// is a file path.tmp, which the next Write removes if a crash left it. One Write at a time for a path.
func Write(path, cluster string, addresses []string) error {
	content, err := encodeAll(cluster, addresses)
	if err == nil {
		err = replace(path, func(file io.Writer) error {
			_, err := file.Write(content)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("write the file of peers %s: %w", path, err)
	}
	return nil
}

var errNoFile = fmt.Errorf("%w, nor a regular file: name another", ErrUnknown)

// readSmall refuses what could keep the reader waiting, a named pipe say, or fill its memory.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the file of peers: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, path, errNoFile)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the file of peers: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, longest+1)) // one more, to know that it is too long
	if err != nil {
		return nil, fmt.Errorf("read the file of peers: %w", err)
	}
	return content, nil
}
