package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A plan is a release that passed every check, and what it changes.
type plan struct {
	repo    repository
	branch  string
	version string
	modules []module          // all of the repository
	tags    []string          // in the order in which they are made: a module's after those of the modules that it requires
	files   map[string][]byte // new contents by path, relative to the repository
}

// prepare checks everything that a release needs, reports to out, and changes nothing.
func prepare(repo repository, version, date string, out io.Writer) (*plan, error) {
	p := &plan{repo: repo, version: version, files: make(map[string][]byte)}
	var err error
	if p.branch, err = repo.branch(); err != nil {
		return nil, err
	}
	if err := repo.checkHistory(); err != nil {
		return nil, err
	}
	if p.modules, err = repo.modules(); err != nil {
		return nil, err
	}
	if err := checkModules(p.modules); err != nil {
		return nil, err
	}
	section, err := p.promoteChangelog(date)
	if err != nil {
		return nil, err
	}
	for _, m := range inOrder(p.modules) {
		p.tags = append(p.tags, tagOf(m.folder, version))
		if err := p.checkAgainstLast(m, section, out); err != nil {
			return nil, err
		}
	}
	return p, p.requireVersions()
}

func (p *plan) promoteChangelog(date string) (section string, err error) {
	text, err := os.ReadFile(filepath.Join(p.repo.dir, changelogFile))
	if err != nil {
		return "", err
	}
	promoted, section, err := promote(string(text), p.version, date)
	p.files[changelogFile] = []byte(promoted)
	return section, err
}

// checkAgainstLast refuses a version that is not later than the tags of m, and a break of its API that section does not name.
func (p *plan) checkAgainstLast(m module, section string, out io.Writer) error {
	tags, err := p.repo.lines("tag", "--list", "--merged", "HEAD")
	if err != nil {
		return err
	}
	versions := versionsOf(tags, m.folder)
	if err := checkVersion(p.version, versions); err != nil {
		return err
	}
	last := lastRelease(versions)
	if last == "" {
		fmt.Fprintf(out, "%s: nothing to compare with\n", m.path())
		return nil
	}
	breaks, others, err := apiChanges(p.repo, m, tagOf(m.folder, last))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: since %s the API has %d breaking and %d other changes\n", m.path(), last, len(breaks), others)
	if len(breaks) == 0 {
		return nil
	}
	named := "- " + strings.Join(breaks, "\n- ")
	if !breaking.MatchString(section) {
		return fmt.Errorf("%s breaks its API since %s, and the section of %s in %s has no line that begins with \"Breaking\":\n%s",
			m.path(), last, p.version, changelogFile, named)
	}
	if err := mayBreak(p.version, last); err != nil {
		return fmt.Errorf("%w:\n%s", err, named)
	}
	fmt.Fprintln(out, named)
	return nil
}

// requireVersions makes every module require the new version of the others, also those that are not released.
func (p *plan) requireVersions() error {
	root := rootOf(p.modules)
	for _, m := range p.modules {
		text, err := m.requireVersion(root, p.version)
		if err != nil {
			return err
		}
		p.files[m.file.Syntax.Name] = text
	}
	return nil
}

// describe prints what carryOut would do.
func (p *plan) describe(out io.Writer) {
	fmt.Fprintf(out, "would commit %q on %s and tag it:\n  %s\n", p.message(), p.branch, strings.Join(p.tags, "\n  "))
}

func (p *plan) message() string { return "Release " + p.version }

// carryOut makes the commit and the tags. Where it fails, it takes back what it did.
func (p *plan) carryOut(out io.Writer) (err error) {
	before, err := p.repo.git("rev-parse", "HEAD")
	if err != nil {
		return err
	}
	var made []string
	defer func() {
		if err != nil {
			err = errors.Join(err, p.undo(before, made))
		}
	}()
	if err := p.commit(); err != nil {
		return err
	}
	for _, tag := range p.tags {
		if _, err := p.repo.git("tag", "--annotate", "--message", p.message(), tag); err != nil {
			return err
		}
		made = append(made, tag)
	}
	fmt.Fprintf(out, "committed %q on %s and tagged it:\n  %s\n", p.message(), p.branch, strings.Join(p.tags, "\n  "))
	fmt.Fprintf(out, "nothing is pushed yet:\n  git push --atomic %s %s %s\n", origin, p.branch, strings.Join(p.tags, " "))
	return nil
}

// commit writes the files and commits them, once every module is tidy with the versions that it requires now.
func (p *plan) commit() error {
	for name, text := range p.files {
		if err := os.WriteFile(filepath.Join(p.repo.dir, name), text, 0o644); err != nil {
			return err
		}
	}
	for _, m := range p.modules {
		if _, err := command(filepath.Join(p.repo.dir, m.folder), []string{"GOWORK=off"}, "go", "mod", "tidy", "-diff"); err != nil {
			return err
		}
	}
	_, err := p.repo.git("commit", "--quiet", "--all", "--allow-empty", "--message", p.message())
	return err
}

func (p *plan) undo(before string, tags []string) error {
	var err error
	for _, tag := range tags {
		_, failed := p.repo.git("tag", "--delete", tag)
		err = errors.Join(err, failed)
	}
	_, failed := p.repo.git("reset", "--quiet", "--hard", before)
	return errors.Join(err, failed)
}

// rootOf returns the path of the root module, under which all others are.
func rootOf(modules []module) string {
	for _, m := range modules {
		if m.folder == "." {
			return m.path()
		}
	}
	return ""
}
