package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

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
