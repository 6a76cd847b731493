// Package docs_test checks the documents: code compiles, commands run, links lead somewhere, flags and tests exist.
//
// What an author of a document needs to know:
//
//   - A fenced block names its language: go, console, yaml, dockerfile, ini, json, diff or text. There are no indented blocks.
//   - A go block that begins with "package" is a program and is vetted as it stands. Other go blocks are compiled inside a
//     function that has ctx, a node and err; a comment before the block declares more:
//     <!-- with: listener net.Listener, price endpoint.Endpoint -->
//   - <!-- from: endpoint/example_test.go --> before a block means that its lines stand in that file, in this order and
//     without others between them; of a diff block, the lines with a plus do.
//   - Every "$ command" of a console block is run in the root of the tree, unless the table in commands_test.go says why not.
//     <!-- scratch --> before a block whose commands write files runs them in a folder that looks like the root.
package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".." // of the tree, seen from this folder

// written lists the documents that are checked, as patterns of paths in the tree.
var written = []string{
	"README.md", "README.zh-CN.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "examples/*/README.md", "testcluster/bench/README.md",
}

// document is a Markdown file, taken apart.
type document struct {
	path     string // in the tree, with slashes
	lines    []string
	prose    []line // the lines outside of fenced blocks and of HTML comments
	blocks   []block
	headings []heading
	hidden   []string // what the parser does not take apart, and so no check reads
}

type line struct {
	number int
	text   string
}

type heading struct {
	level int
	text  string
}

// block is a fenced block of code.
type block struct {
	path     string // of its document
	number   int    // line of its opening fence
	language string
	comment  string // of the HTML comment on the line before, without its marks
	text     string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.path, b.number) }

// directive returns the value of a comment like "from: endpoint/example_test.go".
func (b block) directive(name string) (string, bool) {
	value, found := strings.CutPrefix(b.comment, name+":")
	return strings.TrimSpace(value), found
}

var (
	fence   = regexp.MustCompile("^ {0,3}```([A-Za-z-]*)$")
	titled  = regexp.MustCompile(`^(#{1,6}) +(.+?) *#*$`)
	comment = regexp.MustCompile(`^<!-- (.*) -->$`)
)

// parse takes a document apart.
func parse(t *testing.T, path string) document {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	d := document{path: filepath.ToSlash(path), lines: strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")}
	var open *block
	var body []string
	said := ""
	for i, text := range d.lines {
		text = strings.TrimRight(text, " \r")
		mark := fence.FindStringSubmatch(text)
		switch {
		case open != nil && mark != nil && mark[1] == "":
			open.text = strings.Join(body, "\n") + "\n"
			d.blocks = append(d.blocks, *open)
			open, body = nil, nil
		case open != nil:
			body = append(body, text)
		case mark != nil:
			open = &block{path: d.path, number: i + 1, language: mark[1], comment: said}
			said = ""
		case comment.MatchString(text):
			said = comment.FindStringSubmatch(text)[1]
		case strings.Contains(text, "```"):
			d.hidden = append(d.hidden, fmt.Sprintf("line %d: a fence with something beside it: %q", i+1, text))
		case strings.HasPrefix(text, "    ") && (i == 0 || strings.TrimSpace(d.lines[i-1]) == ""):
			d.hidden = append(d.hidden, fmt.Sprintf("line %d: an indented block: use a fence with a language", i+1))
		default:
			said = ""
			d.prose = append(d.prose, line{i + 1, text})
			if title := titled.FindStringSubmatch(text); title != nil {
				d.headings = append(d.headings, heading{len(title[1]), title[2]})
			}
		}
	}
	if open != nil {
		d.hidden = append(d.hidden, fmt.Sprintf("line %d: a block without an end", open.number))
	}
	return d
}

// all returns every document of the tree.
func all(t *testing.T) (documents []document) {
	t.Helper()
	for _, pattern := range written {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			inside, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			documents = append(documents, parse(t, inside))
		}
	}
	if len(documents) < 3 {
		t.Fatalf("only %d documents found", len(documents))
	}
	return documents
}

// TestNothingIsHidden expects that the other tests see all of every document.
func TestNothingIsHidden(t *testing.T) {
	checked := []string{"go", "console", "yaml", "dockerfile", "ini", "json", "diff", "text"}
	for _, d := range all(t) {
		for _, what := range d.hidden {
			t.Errorf("%s: no check reads %s", d.path, what)
		}
		for _, b := range d.blocks {
			if !slices.Contains(checked, b.language) {
				t.Errorf("%s: language %q is not checked: use one of %s", b, b.language, strings.Join(checked, ", "))
			}
		}
	}
}

// TestREADMEIsShort holds the README to what a newcomer reads in ten minutes.
func TestREADMEIsShort(t *testing.T) {
	const most = 220
	for _, path := range []string{"README.md", "README.zh-CN.md"} {
		if n := len(parse(t, path).lines); n > most {
			t.Errorf("%s has %d lines: at most %d, depth goes to docs", path, n, most)
		}
	}
}

// TestChineseREADMEIsInStep compares what must not differ between the two languages.
func TestChineseREADMEIsInStep(t *testing.T) {
	english, chinese := parse(t, "README.md"), parse(t, "README.zh-CN.md")
	levels := func(d document) (levels []int) {
		for _, h := range d.headings {
			levels = append(levels, h.level)
		}
		return levels
	}
	if e, c := levels(english), levels(chinese); !slices.Equal(e, c) {
		t.Errorf("levels of headings: %v in English, %v in Chinese", e, c)
	}
	if e, c := len(english.blocks), len(chinese.blocks); e != c {
		t.Fatalf("%d blocks in English, %d in Chinese", e, c)
	}
	for i, e := range english.blocks {
		if c := chinese.blocks[i]; c.language != e.language || c.comment != e.comment || c.text != e.text {
			t.Errorf("%s and %s differ: copy the English block", e, c)
		}
	}
	if e, c := tables(english), tables(chinese); !slices.Equal(e, c) {
		t.Errorf("tables have %v rows in English, %v in Chinese", e, c)
	}
	targets := func(d document) (targets []string) {
		for _, l := range linksOf(d) {
			if l.target != "README.md" && l.target != "README.zh-CN.md" { // each leads to the other
				targets = append(targets, l.target)
			}
		}
		slices.Sort(targets) // the order of words differs
		return targets
	}
	e, c := targets(english), targets(chinese)
	for _, target := range e {
		if !slices.Contains(c, target) {
			t.Errorf("README.zh-CN.md lacks the link to %s", target)
		}
	}
	for _, target := range c {
		if !slices.Contains(e, target) {
			t.Errorf("README.md lacks the link to %s, which README.zh-CN.md has", target)
		}
	}
	if len(e) != len(c) {
		t.Errorf("%d links in English, %d in Chinese", len(e), len(c))
	}
}

// tables returns the number of rows of each table.
func tables(d document) (rows []int) {
	last := -1
	for _, l := range d.prose {
		if !strings.HasPrefix(l.text, "|") {
			continue
		}
		if l.number != last+1 {
			rows = append(rows, 0)
		}
		rows[len(rows)-1]++
		last = l.number
	}
	return rows
}
