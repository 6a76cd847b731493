package main

import (
	"fmt"
	"regexp"
	"strings"
)

const changelogFile = "CHANGELOG.md"

var (
	// A heading of a version: "## v0.1.0", "## [0.1.0] - 2026-11-28". Its first group is the version without brackets.
	heading  = regexp.MustCompile(`(?m)^## +\[?([^\]\s]+)\]?.*$`)
	breaking = regexp.MustCompile(`(?m)^\W*Breaking\b`)
	entry    = regexp.MustCompile(`(?m)^\s*[-*] +\S`)
)

// A section is what stands under one heading of a changelog.
type section struct {
	title      string // without brackets and date
	start, end int    // of the heading; of the section
	body       string
}

// sections returns the sections of a changelog from the top down.
func sections(text string) []section {
	found := heading.FindAllStringSubmatchIndex(text, -1)
	var all []section
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		all = append(all, section{title: text[at[2]:at[3]], start: at[0], end: end, body: text[at[1]:end]})
	}
	return all
}

// promote returns the changelog of the release, and what its section says. The entries under Unreleased become the
// section of the version, unless a section of that name is there already and Unreleased is empty.
func promote(text, version, date string) (promoted, body string, err error) {
	var unreleased, own *section
	for _, s := range sections(text) {
		switch {
		case strings.EqualFold(s.title, "Unreleased"):
			unreleased = &s
		case s.title == version, s.title == strings.TrimPrefix(version, "v"):
			own = &s
		}
	}
	pending := unreleased != nil && entry.MatchString(unreleased.body)
	switch {
	case own != nil && pending:
		return "", "", fmt.Errorf("%s has a section %s and entries under Unreleased: move them into one of the two", changelogFile, own.title)
	case own != nil && !entry.MatchString(own.body):
		return "", "", fmt.Errorf("%s: section %s is empty: write what changes for users", changelogFile, own.title)
	case own != nil:
		return text, own.body, nil
	case !pending:
		return "", "", fmt.Errorf("%s has no section %s and nothing under Unreleased: write what changes for users", changelogFile, version)
	}
	title := "## Unreleased\n\n## " + version + " - " + date
	return text[:unreleased.start] + title + unreleased.body + text[unreleased.end:], unreleased.body, nil
}
