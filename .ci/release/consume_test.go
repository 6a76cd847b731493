package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReleaseIsConsumable makes a release in a clone. A program outside of the work tree requires every released module from
// a proxy that has nothing but the tags, builds, and runs.
func TestReleaseIsConsumable(t *testing.T) {
	repo := clone(t)
	writeDown(t, repo, "- Breaking: nothing, but this test is no release.")
	p, err := prepare(repo, first, today, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := p.carryOut(&out); err != nil {
		t.Fatal(err)
	}
	if want := "git push --atomic origin release " + first + " endpoint/"; !strings.Contains(out.String(), want) {
		t.Errorf("it printed %q, want %q", out.String(), want)
	}
	if _, err := command(repo.dir, nil, "go", "list", "-test", "-deps", "work"); err != nil {
		t.Error(err)
	}
	if status := mustGit(t, repo, "status", "--porcelain"); status != "" {
		t.Errorf("the work tree has changes:\n%s", status)
	}

	c := newConsumer(t, repo, proxyOf(t, repo, first)+","+cached(t)+","+ofUser(t, "GOPROXY"))
	c.mustGo(t, append([]string{"get"}, nested(t, repo, first)...)...)
	c.mustGo(t, "mod", "tidy")
	c.mustGo(t, "vet", ".")
	c.mustGo(t, "build", "-o", "consumer", ".")
	said, err := command(c.dir, nil, filepath.Join(c.dir, "consumer"))
	if want := "greeting: hello\nhealth: SERVING"; err != nil || said != want {
		t.Errorf("the consumer printed %q and ended with %v, want %q", said, err, want)
	}
}

// TestTagsAloneAreNotConsumable tags the work tree as it was before there were releases, when each nested module required v0.0.0
// of the root. It proves that the test above can fail.
func TestTagsAloneAreNotConsumable(t *testing.T) {
	repo := clone(t)
	modules, err := repo.modules()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range modules {
		text, err := m.requireVersion(rootOf(modules), "v0.0.0")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(repo.dir, m.file.Syntax.Name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustGit(t, repo, "commit", "--quiet", "--all", "--allow-empty", "--message", "Require v0.0.0")
	for _, folder := range released {
		mustGit(t, repo, "tag", tagOf(folder, first))
	}

	c := newConsumer(t, repo, proxyOf(t, repo, first)+","+cached(t)+",off")
	_, err = c.run(append([]string{"get"}, nested(t, repo, first)...)...)
	wantError(t, err, "downloading github.com/grapevine-go/grapevine v0.0.0\n")
	wantError(t, err, "github.com/grapevine-go/grapevine/membership: module lookup disabled")
}

// A consumer is a module outside of every work tree.
type consumer struct {
	dir string
	env []string
}

// newConsumer returns the program in testdata as a module that requires nothing yet. It has a module cache of its own, since
// the tags that proxy serves are other code in every run.
func newConsumer(t *testing.T, repo repository, proxy string) consumer {
	t.Helper()
	c := consumer{dir: t.TempDir()}
	c.env = []string{
		"GOWORK=off",
		"GOPROXY=" + proxy,
		"GONOSUMDB=github.com/grapevine-go/grapevine", // and what is below it; no other module
		"GONOPROXY=none", "GOPRIVATE=",
		"GOMODCACHE=" + t.TempDir(),
		"GOFLAGS=-modcacherw -trimpath", // removable; one build cache for all module caches
	}
	text, err := os.ReadFile("testdata/consumer/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "main.go"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	c.mustGo(t, "mod", "init", "example.com/consumer")
	if err := os.WriteFile(filepath.Join(c.dir, "go.sum"), sums(t, repo), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// sums returns the sums that the repository knows of other modules, which spares the consumer the checksum database.
func sums(t *testing.T, repo repository) []byte {
	t.Helper()
	var all []byte
	for _, name := range strings.Fields(mustGit(t, repo, "ls-files", "--", "go.sum", "*/go.sum", "go.work.sum")) {
		text, err := os.ReadFile(filepath.Join(repo.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return all
}

func (c consumer) run(args ...string) (string, error) { return command(c.dir, c.env, "go", args...) }

func (c consumer) mustGo(t *testing.T, args ...string) {
	t.Helper()
	if _, err := c.run(args...); err != nil {
		t.Fatal(err)
	}
}

// nested returns the arguments of go get for version of every nested module. The root comes along in the version that they require. A
// consumer that names it too would not notice a wrong one.
func nested(t *testing.T, repo repository, version string) []string {
	t.Helper()
	modules, err := repo.modules()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range inOrder(modules) {
		if m.folder != "." {
			all = append(all, m.path()+"@"+version)
		}
	}
	return all
}

// cached returns the URL of the user's module cache, which is a proxy of what was downloaded before.
func cached(t *testing.T) string {
	return "file://" + filepath.ToSlash(filepath.Join(ofUser(t, "GOMODCACHE"), "cache", "download"))
}

// ofUser returns a setting of the go command as it is outside of this test.
func ofUser(t *testing.T, name string) string {
	t.Helper()
	value, err := command(".", nil, "go", "env", name)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
