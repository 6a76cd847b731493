package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

const longestSeedFile = 1 << 20 // bytes

// watched is a provider of which a node can tell, at little cost, whether the answer may have changed.
type watched interface {
	SeedProvider
	stamp() string // differs when it has
}

// FileSeeds gives the addresses in a file, one host:port in a line; blank lines, and what follows a #, are ignored. The
// file is read at every attempt, and watched: when it changes, the node tries again at once. It need not be there yet.
//
// A line that is no address is a [*membership.FieldError] that names it, and the other lines are used all the same. A file
// of more than 1 MiB is not read; of more than 1024 addresses, the first are used. Write it as a whole, by renaming
// another, or a node may read half of it until the next change.
func FileSeeds(path string) SeedProvider { return fileSeeds(path) }

type fileSeeds string

var _ watched = fileSeeds("")

func (f fileSeeds) stamp() string { return transport.Stamp(string(f)) }

func (f fileSeeds) Seeds(context.Context) ([]string, error) {
	content, err := f.read()
	if err != nil {
		return nil, err
	}
	return f.parse(content)
}

// read refuses what could keep the node waiting, a named pipe say, or fill its memory.
func (f fileSeeds) read() (string, error) {
	info, err := os.Stat(string(f))
	if err != nil {
		return "", f.unreadable(err)
	}
	if !info.Mode().IsRegular() {
		return "", f.refused("name a regular file")
	}
	file, err := os.Open(string(f))
	if err != nil {
		return "", f.unreadable(err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, longestSeedFile+1))
	if err != nil {
		return "", f.unreadable(err)
	}
	if len(content) > longestSeedFile {
		return "", f.refused(fmt.Sprintf("keep it within %d bytes", longestSeedFile))
	}
	return string(content), nil
}

func (f fileSeeds) unreadable(err error) error {
	return fmt.Errorf("%w: %w", f.refused("name a file that this process can read"), err)
}

func (f fileSeeds) refused(remedy string) error {
	return &membership.FieldError{Field: "seed file", Value: string(f), Remedy: remedy,
		Setting: "FileSeeds, -" + flagPrefix + "join-file, $" + variable("join-file")}
}

// parse goes on after a line that is no address, so that one slip does not cost the other seeds.
func (f fileSeeds) parse(content string) (seeds []string, err error) {
	var unusable faults
	number, beyond := 0, false
	for line := range strings.Lines(content) {
		number++
		line, _, _ = strings.Cut(line, "#")
		seed := strings.TrimSpace(line)
		if seed == "" {
			continue
		}
		field := fmt.Sprintf("seed in line %d of file %s", number, string(f))
		switch err := membership.CheckAddress(field, seed); {
		case err != nil:
			unusable.add(err)
		case len(seeds) < mostSeeds:
			seeds = append(seeds, seed)
		case !beyond:
			beyond = true
			unusable.add(&membership.FieldError{Field: field, Value: seed, Remedy: tooManySeeds})
		}
	}
	return seeds, unusable.err()
}
