package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const today = "2026-11-28"

// first is later than every version of this repository, and before is older than it.
const before, first, second = "v0.999.0", "v0.1000.0", "v0.1001.0"

func TestRefusedAtOnce(t *testing.T) {
	repo := clone(t)
	refused := func(want string) {
		t.Helper()
		_, err := prepare(repo, first, today, io.Discard)
		wantError(t, err, want)
	}

	loose := filepath.Join(repo.dir, "loose.txt")
	if err := os.WriteFile(loose, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("the work tree has changes, so commit or remove them first:\n?? loose.txt")
	if err := os.Remove(loose); err != nil {
		t.Fatal(err)
	}

	mustGit(t, repo, "checkout", "--quiet", "--detach")
	refused("the head is detached")
	mustGit(t, repo, "checkout", "--quiet", "release")

	change(t, repo, "new/go.mod", "module example.com/new\n")
	refused("module new is neither released nor kept back")
	change(t, repo, "new/go.mod", "")

	change(t, repo, changelogFile, "# Changelog\n\n## Unreleased\n")
	refused("nothing under Unreleased")
	writeDown(t, repo, "- Much.")

	mustGit(t, repo, "tag", second)
	refused(second + " is tagged already")
	mustGit(t, repo, "tag", "--delete", second)
	mustGit(t, repo, "tag", "endpoint/grpcendpoint/"+second)
	mustGit(t, repo, "tag", "endpoint/failsafeendpoint/"+second)
	refused(second + " is tagged already")
}

// TestRefusedWithoutHistory releases from clones that do not know of an earlier release.
func TestRefusedWithoutHistory(t *testing.T) {
	upstream := clone(t)
	writeDown(t, upstream, "- Much.")
	for name, tt := range map[string]struct {
		clone   []string
		refused string
	}{
		"no tags": {[]string{"--no-tags"}, "tag " + before + " is on origin alone: run git fetch --tags origin"},
		"shallow": {[]string{"--depth", "1"}, "the clone is shallow, so earlier releases are unknown: run git fetch --unshallow --tags"},
	} {
		t.Run(name, func(t *testing.T) {
			mustGit(t, upstream, "tag", "--force", before)
			repo := repository{filepath.Join(t.TempDir(), "clone")}
			mustGit(t, upstream, append(append([]string{"clone", "--quiet"}, tt.clone...), "file://"+upstream.dir, repo.dir)...)
			_, err := prepare(repo, first, today, io.Discard)
			wantError(t, err, tt.refused)
		})
	}
	t.Run("unreachable", func(t *testing.T) {
		mustGit(t, upstream, "remote", "add", origin, filepath.Join(t.TempDir(), "nowhere"))
		_, err := prepare(upstream, first, today, io.Discard)
		wantError(t, err, "the tags of origin are unknown: git ls-remote")
	})
}

// TestFailedReleaseLeavesNothing has a tag in the way that no earlier check sees, since it is on another branch.
func TestFailedReleaseLeavesNothing(t *testing.T) {
	repo := clone(t)
	writeDown(t, repo, "- Much.")
	mustGit(t, repo, "checkout", "--quiet", "-b", "other")
	change(t, repo, "other.txt", "other")
	mustGit(t, repo, "tag", "endpoint/grpcendpoint/"+first)
	mustGit(t, repo, "checkout", "--quiet", "release")
	head := mustGit(t, repo, "rev-parse", "HEAD")
	tags := mustGit(t, repo, "tag", "--list")

	p := &plan{repo: repo, branch: "release", version: first, tags: []string{first, "endpoint/grpcendpoint/" + first}}
	p.files = map[string][]byte{changelogFile: []byte("changed")}
	wantError(t, p.carryOut(io.Discard), "tag 'endpoint/grpcendpoint/"+first+"' already exists")

	if now := mustGit(t, repo, "rev-parse", "HEAD"); now != head {
		t.Errorf("the head is %s, want %s", now, head)
	}
	if now := mustGit(t, repo, "tag", "--list"); now != tags {
		t.Errorf("the tags are %s, want %s", now, tags)
	}
	if status := mustGit(t, repo, "status", "--porcelain"); status != "" {
		t.Errorf("the work tree has changes:\n%s", status)
	}
}

// TestBreakingChanges compares with a made-up tag of the clone, for a module and for a nested one.
func TestBreakingChanges(t *testing.T) {
	repo := clone(t)
	change(t, repo, "balancer/madeup.go", "package balancer\n\n// MadeUp is for this test.\nfunc MadeUp() {}\n")
	change(t, repo, "endpoint/grpcendpoint/madeup.go", "package grpcendpoint\n\n// MadeUp is for this test.\nconst MadeUp = 1\n")
	change(t, repo, "balancer/internal/madeup/madeup.go", "package madeup\n\n// MadeUp is for this test.\nfunc MadeUp() {}\n")
	for _, folder := range released {
		mustGit(t, repo, "tag", tagOf(folder, before))
	}
	change(t, repo, changelogFile, "# Changelog\n\n## Unreleased\n\n- Much.\n")
	prepared := func(version string) (string, error) {
		var out strings.Builder
		_, err := prepare(repo, version, today, &out)
		return out.String(), err
	}

	change(t, repo, "balancer/internal/madeup/madeup.go", "")
	out, err := prepared(first)
	wantError(t, err, "")
	if want := "/grpcendpoint: since " + before + " the API has 0 breaking and 0 other changes"; !strings.Contains(out, want) {
		t.Errorf("it printed %q, want %q", out, want)
	}

	change(t, repo, "endpoint/grpcendpoint/madeup.go", "package grpcendpoint\n\n// MadeUp is for this test.\nconst MadeUp = \"1\"\n")
	_, err = prepared(first)
	wantError(t, err, "no line that begins with \"Breaking\":\n- MadeUp: changed from untyped int to untyped string")

	change(t, repo, "balancer/madeup.go", "")
	_, err = prepared(first)
	wantError(t, err, "no line that begins with \"Breaking\":\n- ./balancer.MadeUp: removed")

	writeDown(t, repo, "- Breaking: `balancer.MadeUp` is gone, and `grpcendpoint.MadeUp` is a string.")
	_, err = prepared("v0.999.1")
	wantError(t, err, "need a new minor version:\n- ./balancer.MadeUp: removed")
	out, err = prepared(first)
	wantError(t, err, "")
	if want := "- ./balancer.MadeUp: removed"; !strings.Contains(out, want) {
		t.Errorf("it printed %q, want %q", out, want)
	}
}
