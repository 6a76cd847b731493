package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// link is a link or a picture in the prose of a document.
type link struct {
	number       int
	text, target string
}

var (
	codeSpan  = regexp.MustCompile("`[^`]*`")
	inline    = regexp.MustCompile(`\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)(?: "[^"]*")?\)`)
	reference = regexp.MustCompile(`^\[[^\]]+\]: +(\S+)`)
	automatic = regexp.MustCompile(`<(https?://[^>\s]+)>`)
	attribute = regexp.MustCompile(`(?:href|src)="([^"]+)"`)
	bare      = regexp.MustCompile(`https?://[^\s)>"\x60|]+`)
	testName  = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)?\b`)
)

func linksOf(d document) (links []link) {
	for _, l := range d.prose {
		hidden := codeSpan.ReplaceAllStringFunc(l.text, func(span string) string { // keep names in the texts of links
			return strings.NewReplacer("[", " ", "]", " ", "(", " ", ")", " ", "<", " ", ">", " ").Replace(span)
		})
		rest := hidden
		for strings.Contains(rest, "](") { // a picture may be the text of a link
			next := inline.ReplaceAllStringFunc(rest, func(found string) string {
				parts := inline.FindStringSubmatch(found)
				links = append(links, link{l.number, parts[1], parts[2]})
				return parts[1]
			})
			if next == rest {
				links = append(links, link{l.number, "", "malformed link: " + rest})
				break
			}
			rest = next
		}
		for _, pattern := range []*regexp.Regexp{reference, automatic, attribute} {
			for _, parts := range pattern.FindAllStringSubmatch(hidden, -1) {
				links = append(links, link{l.number, "", parts[1]})
			}
		}
	}
	return links
}

// TestLinksLeadSomewhere follows the links within the tree and looks at the form of those that leave it.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, d := range all(t) {
		for _, l := range linksOf(d) {
			if err := follow(t, d, l.target); err != nil {
				t.Errorf("%s:%d: link %q: %v", d.path, l.number, l.target, err)
			}
			for _, name := range testName.FindAllString(l.text, -1) {
				if file, _, _ := strings.Cut(l.target, "#"); !declaredIn(t, path.Join(path.Dir(d.path), file), name) {
					t.Errorf("%s:%d: %s has no test %s", d.path, l.number, l.target, name)
				}
			}
		}
	}
}

func follow(t *testing.T, from document, target string) error {
	parsed, err := url.Parse(target)
	if err != nil {
		return err
	}
	if parsed.Scheme == "mailto" {
		return nil
	}
	if parsed.Scheme != "" || parsed.Host != "" {
		return outside(parsed)
	}
	file := from.path
	if parsed.Path != "" {
		file = path.Join(path.Dir(from.path), parsed.Path)
	}
	if strings.HasPrefix(file, "..") || path.IsAbs(parsed.Path) {
		return fmt.Errorf("it leaves the tree")
	}
	info, err := os.Stat(filepath.Join(root, file))
	if err != nil {
		return fmt.Errorf("there is no %s", file)
	}
	if parsed.Fragment == "" {
		return nil
	}
	if info.IsDir() || path.Ext(file) != ".md" {
		return fmt.Errorf("only headings of documents are checked, and %s has none", file)
	}
	if !anchors(parse(t, file))[parsed.Fragment] {
		return fmt.Errorf("%s has no heading #%s", file, parsed.Fragment)
	}
	return nil
}

// outside accepts public web addresses only.
func outside(target *url.URL) error {
	if target.Scheme != "https" && target.Scheme != "http" {
		return fmt.Errorf("scheme %q: use https", target.Scheme)
	}
	host := target.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") {
		return fmt.Errorf("host %q is not a public one", host)
	}
	return nil
}

// anchors returns the fragments that headings have on GitHub.
func anchors(d document) map[string]bool {
	made := make(map[string]bool)
	for _, h := range d.headings {
		slug := slugOf(h.text)
		for i := 1; made[slug]; i++ {
			slug = fmt.Sprintf("%s-%d", slugOf(h.text), i)
		}
		made[slug] = true
	}
	return made
}

// slugOf keeps letters, digits, hyphens and underscores, and turns spaces into hyphens.
func slugOf(title string) string {
	title = inline.ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

func TestSlugs(t *testing.T) {
	for title, want := range map[string]string{
		"What happens when":          "what-happens-when",
		"`Drain`, then Leave":        "drain-then-leave",
		"Key exchange (TLS 1.3)":     "key-exchange-tls-13",
		"A [link](x.md) & more":      "a-link--more",
		"安全":                         "安全",
		"snake_case and kebab-case?": "snake_case-and-kebab-case",
	} {
		if got := slugOf(title); got != want {
			t.Errorf("slug of %q is %q, want %q", title, got, want)
		}
	}
}

// TestNamedTestsExist looks for every test that a document names, in prose or code. TestFault13 stands for all of that fault.
func TestNamedTestsExist(t *testing.T) {
	names := testsOfTree()
	for _, d := range all(t) {
		own := make(map[string]bool) // tests that a block shows
		for _, b := range d.blocks {
			if b.language == "go" {
				for _, name := range regexp.MustCompile(`func (Test\w+)\(`).FindAllStringSubmatch(b.text, -1) {
					own[name[1]] = true
				}
			}
		}
		for i, text := range d.lines {
			for _, name := range testName.FindAllString(text, -1) {
				if !own[name] && !exists(names, name) {
					t.Errorf("%s:%d: there is no test %s", d.path, i+1, name)
				}
			}
		}
	}
}

func exists(names map[string][]string, name string) bool {
	if _, ok := names[name]; ok {
		return true
	}
	for known := range names {
		if rest, found := strings.CutPrefix(known, name+"_"); found && rest != "" {
			return true
		}
	}
	return false
}

// declaredIn reports whether a file, or a file of a folder, declares the test.
func declaredIn(t *testing.T, file, name string) bool {
	t.Helper()
	for known, paths := range testsOfTree() {
		if known != name && !strings.HasPrefix(known, name+"_") {
			continue
		}
		for _, p := range paths {
			if p == file || path.Dir(p) == file {
				return true
			}
		}
	}
	return false
}

// testsOfTree returns the files that declare each test and each fuzz target.
var testsOfTree = sync.OnceValue(func() map[string][]string {
	names := make(map[string][]string)
	for _, file := range sources() {
		if !strings.HasSuffix(file.path, "_test.go") {
			continue
		}
		for _, decl := range file.parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) {
				names[f.Name.Name] = append(names[f.Name.Name], file.path)
			}
		}
	}
	return names
})

// source is a file of Go in the tree.
type source struct {
	path   string // with slashes
	parsed *ast.File
}

var sources = sync.OnceValue(func() (files []source) {
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(file) != ".go" {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(root, file)
		files = append(files, source{filepath.ToSlash(inside), parsed})
		return err
	})
	if err != nil {
		panic(err) // the tree does not parse
	}
	return files
})

// TestBareAddressesArePublic covers addresses that are written out in prose, beside the links.
func TestBareAddressesArePublic(t *testing.T) {
	for _, d := range all(t) {
		for _, l := range d.prose {
			for _, address := range bare.FindAllString(codeSpan.ReplaceAllString(l.text, ""), -1) {
				parsed, err := url.Parse(strings.TrimRight(address, ".,;:"))
				if err == nil {
					err = outside(parsed)
				}
				if err != nil {
					t.Errorf("%s:%d: %s: %v", d.path, l.number, address, err)
				}
			}
		}
	}
}
