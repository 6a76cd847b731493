package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// released are the folders of the modules for users. All get the same version.
var released = []string{
	".",
	"endpoint/failsafeendpoint",
	"endpoint/gobreakerendpoint",
	"endpoint/grpcendpoint",
}

// keptBack are folders with modules that nobody requires: tools, programs to read and run, and comparisons with peers.
var keptBack = []string{".ci", "examples", "testcluster/bench"}

// A module is one go.mod of the repository.
type module struct {
	folder string // relative to the repository, with slashes; "." for the root
	file   *modfile.File
}

func (m module) path() string { return m.file.Module.Mod.Path }

func (m module) isReleased() bool { return slices.Contains(released, m.folder) }

// modules returns the modules of the work tree.
func (r repository) modules() ([]module, error) {
	files, err := r.lines("ls-files", "--", "go.mod", "*/go.mod")
	if err != nil {
		return nil, err
	}
	return readModules(r.dir, files)
}

// readModules returns the modules whose go.mod files are given, relative to dir.
func readModules(dir string, files []string) ([]module, error) {
	var modules []module
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		file, err := modfile.Parse(name, text, nil)
		if err != nil {
			return nil, err
		}
		modules = append(modules, module{path.Dir(name), file})
	}
	return modules, nil
}

// checkModules refuses modules that a consumer could not require once they are tagged.
func checkModules(modules []module) error {
	byFolder := make(map[string]module)
	for _, m := range modules {
		byFolder[m.folder] = m
		if m.isReleased() == isKeptBack(m.folder) {
			return fmt.Errorf("module %s is neither released nor kept back: name it in .ci/release/modules.go", m.folder)
		}
	}
	for _, folder := range released {
		m, ok := byFolder[folder]
		if !ok {
			return fmt.Errorf("module %s has no go.mod: remove it from .ci/release/modules.go", folder)
		}
		root := byFolder["."].path()
		if want := path.Join(root, folder); m.path() != want {
			return fmt.Errorf("%s: module %s: a consumer looks for %s there", m.file.Syntax.Name, m.path(), want)
		}
		if err := checkConsumable(m, root); err != nil {
			return err
		}
	}
	return nil
}

// checkConsumable refuses a module that builds here alone, because a replace does not count for a consumer.
func checkConsumable(m module, root string) error {
	ours := func(p string) bool {
		return slices.ContainsFunc(released, func(folder string) bool { return path.Join(root, folder) == p })
	}
	for _, r := range m.file.Replace {
		if !ours(r.Old.Path) || r.New.Version != "" {
			return fmt.Errorf("%s: replace %s: it does not count for a consumer, so require a version instead", m.file.Syntax.Name, r.Old.Path)
		}
	}
	for _, r := range m.file.Require {
		if isWithin(root, r.Mod.Path) && !ours(r.Mod.Path) {
			return fmt.Errorf("%s: require %s: that module is not released", m.file.Syntax.Name, r.Mod.Path)
		}
	}
	return nil
}

// inOrder returns the released modules, each after those that it requires.
func inOrder(modules []module) []module {
	byPath := make(map[string]module)
	for _, m := range modules {
		byPath[m.path()] = m
	}
	var order []module
	seen := make(map[string]bool)
	var visit func(module)
	visit = func(m module) {
		if seen[m.folder] || !m.isReleased() {
			return
		}
		seen[m.folder] = true
		for _, r := range m.file.Require {
			if required, ok := byPath[r.Mod.Path]; ok {
				visit(required)
			}
		}
		order = append(order, m)
	}
	for _, m := range modules {
		visit(m)
	}
	return order
}

// requireVersion returns the text of the module's go.mod that requires version of every other module under root. Its replace
// lines stay: they make the work tree build, and do not count for a consumer.
func (m module) requireVersion(root, version string) ([]byte, error) {
	for _, r := range m.file.Require {
		if isWithin(root, r.Mod.Path) {
			if err := m.file.AddRequire(r.Mod.Path, version); err != nil {
				return nil, err
			}
		}
	}
	m.file.Cleanup()
	return m.file.Format()
}

func isKeptBack(folder string) bool {
	return slices.ContainsFunc(keptBack, func(kept string) bool { return isWithin(kept, folder) })
}

// isWithin reports whether p is parent or below it.
func isWithin(parent, p string) bool {
	return p == parent || strings.HasPrefix(p, parent+"/")
}
