package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	mod "golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// proxyOf returns the URL of a module proxy in the file system that serves version of every released module, each as it is
// at its tag.
func proxyOf(t *testing.T, repo repository, version string) string {
	t.Helper()
	modules, err := repo.modules()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, m := range inOrder(modules) {
		escaped, err := mod.EscapePath(m.path())
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(dir, escaped, "@v")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		tag := tagOf(m.folder, version)
		info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Now().UTC()})
		if err != nil {
			t.Fatal(err)
		}
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("list", version+"\n")
		write(version+".info", string(info))
		write(version+".mod", mustGit(t, repo, "show", tag+":"+m.file.Syntax.Name)+"\n")
		zipTag(t, repo, m, tag, filepath.Join(folder, version+".zip"))
	}
	return "file://" + filepath.ToSlash(dir)
}

// zipTag writes the zip file of m at tag as a module proxy does.
func zipTag(t *testing.T, repo repository, m module, tag, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	folder := m.folder
	if folder == "." {
		folder = ""
	}
	of := mod.Version{Path: m.path(), Version: filepath.Base(tag)}
	if err := zip.CreateFromVCS(file, of, repo.dir, tag, folder); err != nil {
		t.Fatal(err)
	}
}
