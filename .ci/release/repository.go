package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// origin is the remote that releases are pushed to.
const origin = "origin"

// A repository is the git repository that a release is made of.
type repository struct{ dir string }

// openRepository returns the repository that dir is in.
func openRepository(dir string) (repository, error) {
	top, err := repository{dir}.git("rev-parse", "--show-toplevel")
	return repository{top}, err
}

// git runs git and returns what it prints, without the last newline.
func (r repository) git(args ...string) (string, error) {
	return command(r.dir, nil, "git", args...)
}

// lines runs git and returns the lines that it prints.
func (r repository) lines(args ...string) ([]string, error) {
	out, err := r.git(args...)
	return strings.Fields(out), err
}

// branch returns the name of the current branch. It refuses a detached head and a work tree with changes.
func (r repository) branch() (string, error) {
	status, err := r.git("status", "--porcelain")
	if err != nil {
		return "", err
	}
	if status != "" {
		return "", fmt.Errorf("the work tree has changes, so commit or remove them first:\n%s", status)
	}
	branch, err := r.git("symbolic-ref", "--quiet", "--short", "HEAD")
	if err != nil {
		return "", errors.New("the head is detached: switch to the branch that the release is made on")
	}
	return branch, nil
}

// checkHistory refuses a repository that lacks tags of earlier releases or commits between them: the new release would be
// compared with nothing.
func (r repository) checkHistory() error {
	shallow, err := r.git("rev-parse", "--is-shallow-repository")
	if err != nil {
		return err
	}
	if shallow == "true" {
		return errors.New("the clone is shallow, so earlier releases are unknown: run git fetch --unshallow --tags")
	}
	remotes, err := r.lines("remote")
	if err != nil || !slices.Contains(remotes, origin) {
		return err
	}
	local, err := r.lines("tag", "--list")
	if err != nil {
		return err
	}
	published, err := r.lines("ls-remote", "--tags", "--refs", origin)
	if err != nil {
		return fmt.Errorf("the tags of %s are unknown: %w", origin, err)
	}
	for _, name := range published { // by turns a hash and a name
		tag, isTag := strings.CutPrefix(name, "refs/tags/")
		if isTag && !slices.Contains(local, tag) {
			return fmt.Errorf("tag %s is on %s alone: run git fetch --tags %s", tag, origin, origin)
		}
	}
	return nil
}

// command runs a program in dir and returns what it prints. Its error has what the program said.
func command(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		said := strings.TrimSpace(complaint.String() + string(out))
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}
