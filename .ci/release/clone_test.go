package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// clone returns a repository with the files of this one, as they are committed, on a branch that has neither tags nor a
// remote. It works where CI has made a shallow checkout of no branch, owned by another user. No configuration of the user
// reaches it.
func clone(t *testing.T) repository {
	t.Helper()
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"} { // as in a hook of git
		t.Setenv(name, "") // has it restored at the end
		os.Unsetenv(name)
	}
	here, err := openRepository(".")
	if err != nil {
		t.Fatal(err)
	}
	tree := mustGit(t, here, "rev-parse", "HEAD^{tree}")
	objects := mustGit(t, here, "rev-parse", "--path-format=absolute", "--git-path", "objects")
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com",
		"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		t.Setenv(name, value)
	}
	cloned := repository{t.TempDir()}
	mustGit(t, cloned, "init", "--quiet", "--initial-branch", "release")
	alternates := filepath.Join(cloned.dir, ".git", "objects", "info", "alternates")
	if err := os.WriteFile(alternates, []byte(objects+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	commit := mustGit(t, cloned, "commit-tree", "-m", "All until now", tree)
	mustGit(t, cloned, "reset", "--quiet", "--hard", commit)
	return cloned
}

func mustGit(t *testing.T, repo repository, args ...string) string {
	t.Helper()
	out, err := repo.git(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// change writes a file of the repository and commits it. It removes one without text.
func change(t *testing.T, repo repository, name, text string) {
	t.Helper()
	path := filepath.Join(repo.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if text == "" {
		err = os.Remove(path)
	} else {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	mustGit(t, repo, "add", "--all")
	mustGit(t, repo, "commit", "--quiet", "--message", "Change "+name)
}

// writeDown puts an entry under Unreleased.
func writeDown(t *testing.T, repo repository, entry string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repo.dir, changelogFile))
	if err != nil {
		t.Fatal(err)
	}
	change(t, repo, changelogFile, strings.Replace(string(text), "## Unreleased\n", "## Unreleased\n\n"+entry+"\n", 1))
}
