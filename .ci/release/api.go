package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

// apiChanges returns what breaks for users of m between tag and the work tree, and how many changes do not.
func apiChanges(repo repository, m module, tag string) (breaks []string, others int, err error) {
	old, err := os.MkdirTemp("", "release")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(old)
	if _, err := repo.git("-c", "advice.detachedHead=false", "clone", "-q", "--shared", "--branch", tag, repo.dir, old); err != nil {
		return nil, 0, err
	}
	before, err := loadAPI(m.path(), filepath.Join(old, m.folder))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", tag, err)
	}
	now, err := loadAPI(m.path(), filepath.Join(repo.dir, m.folder))
	if err != nil {
		return nil, 0, err
	}
	for _, change := range apidiff.ModuleChanges(before, now).Changes {
		if change.Compatible {
			others++
		} else {
			breaks = append(breaks, change.Message)
		}
	}
	return breaks, others, nil
}

// loadAPI returns the packages of the module in dir that a user can import.
func loadAPI(path, dir string) (*apidiff.Module, error) {
	loaded, err := packages.Load(&packages.Config{
		Mode:       packages.NeedName | packages.NeedTypes,
		Dir:        dir,
		Env:        append(os.Environ(), "GOWORK=off"),
		BuildFlags: []string{"-trimpath"}, // so that the build cache serves every folder
	}, "./...")
	if err != nil {
		return nil, err
	}
	api := &apidiff.Module{Path: path}
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("package %s does not build: %w", p.PkgPath, p.Errors[0])
		}
		if p.Name != "main" && !slices.Contains(strings.Split(p.PkgPath, "/"), "internal") {
			api.Packages = append(api.Packages, p.Types)
		}
	}
	return api, nil
}
