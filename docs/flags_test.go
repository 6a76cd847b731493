package docs_test

import (
	"flag"
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint/dnsendpoint"
)

var (
	gossipFlag     = regexp.MustCompile(`(?:^|[^\w-])-(gossip\.[a-z.-]*[a-z])`)
	gossipVariable = regexp.MustCompile(`\bGOSSIP_[A-Z_]+\b`)
	flagWord       = regexp.MustCompile(`^--?([a-zA-Z][a-zA-Z0-9.-]*)(?:=.*)?$`)
	separators     = regexp.MustCompile(`&&|\|\||[;|()]`)
	typed          = regexp.MustCompile(`^(go (-C \S+ )?(run|test) |\.ci/)`) // a command in prose
	assignment     = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*=`)
)

// goFlags lists the flags of the go command that the documents use.
var goFlags = set("C", "bench", "benchmem", "count", "cover", "fuzz", "fuzztime", "m", "mod", "o", "race", "replace", "run",
	"short", "skip", "tags", "timeout", "u", "v")

func set(names ...string) map[string]bool {
	all := make(map[string]bool)
	for _, name := range names {
		all[name] = true
	}
	return all
}

// gossip returns the flags of cluster.Flags and of dnsendpoint.Flags.
func gossip() map[string]bool {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	cluster.Flags(fs)
	dnsendpoint.Flags(fs)
	names := make(map[string]bool)
	fs.VisitAll(func(f *flag.Flag) { names[f.Name] = true })
	return names
}

// TestFlagsExist covers every line of every document: prose, commands and manifests.
func TestFlagsExist(t *testing.T) {
	flags, variables := gossip(), make(map[string]bool)
	for name := range flags {
		variables[strings.NewReplacer(".", "_", "-", "_").Replace(strings.ToUpper(name))] = true
	}
	known := flagsUnder("")
	for name := range goFlags {
		known[name] = true
	}
	for _, d := range all(t) {
		for i, text := range d.lines {
			for _, found := range gossipFlag.FindAllStringSubmatch(text, -1) {
				if !flags[found[1]] {
					t.Errorf("%s:%d: there is no flag -%s", d.path, i+1, found[1])
				}
			}
			for _, name := range gossipVariable.FindAllString(text, -1) {
				if !variables[name] && !strings.HasSuffix(name, "_") { // GOSSIP_ alone is the prefix
					t.Errorf("%s:%d: no flag has the variable %s", d.path, i+1, name)
				}
			}
		}
		for _, l := range d.prose {
			for _, span := range codeSpan.FindAllString(l.text, -1) {
				word, _, _ := strings.Cut(strings.Trim(span, "`"), " ")
				if strings.HasPrefix(word, "--") { // of a program that is not written in Go
					continue
				}
				if found := flagWord.FindStringSubmatch(word); found != nil && !flags[found[1]] && !known[found[1]] {
					t.Errorf("%s:%d: no program of the tree has the flag %s", d.path, l.number, word)
				}
			}
		}
	}
}

// TestCommandsAreKnown looks at each command, run or not, in blocks and in prose: its program, its folder, its flags and its
// tests exist.
func TestCommandsAreKnown(t *testing.T) {
	for _, d := range all(t) {
		for _, b := range d.blocks {
			if b.language != "console" {
				continue
			}
			for _, c := range commandsOf(t, b) {
				checkLine(t, c)
			}
		}
		for _, l := range d.prose {
			for _, span := range codeSpan.FindAllString(l.text, -1) {
				if text := strings.Trim(span, "`"); typed.MatchString(text) {
					checkLine(t, command{block: block{path: d.path, number: l.number}, text: text})
				}
			}
		}
	}
}

// checkLine checks each command of a line of a shell.
func checkLine(t *testing.T, c command) {
	t.Helper()
	for _, part := range separators.Split(c.text, -1) {
		words := strings.Fields(part)
		for len(words) > 0 && assignment.MatchString(words[0]) {
			words = words[1:]
		}
		if len(words) > 0 {
			checkCommand(t, c, words)
		}
	}
}

func checkCommand(t *testing.T, c command, words []string) {
	t.Helper()
	at := "" // the folder that -C names
	if words[0] == "go" {
		if len(words) > 2 && words[1] == "-C" {
			at, words = words[2], append([]string{"go"}, words[3:]...)
		}
		if len(words) > 1 {
			switch words[1] {
			case "run":
				checkRun(t, c, at, words[2:])
			case "test":
				checkTest(t, c, at, words[2:])
			}
		}
		return
	}
	if strings.HasPrefix(words[0], ".ci/") || strings.HasPrefix(words[0], "./") {
		if info, err := os.Stat(filepath.Join(root, words[0])); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s: %q: there is no program %s", c.block, c.text, words[0])
		}
	}
}

// checkRun looks for the program and for its flags.
func checkRun(t *testing.T, c command, at string, words []string) {
	t.Helper()
	for len(words) > 0 && strings.HasPrefix(words[0], "-") { // of the go command
		words = words[1:]
	}
	if len(words) == 0 {
		t.Errorf("%s: %q runs nothing", c.block, c.text)
		return
	}
	if strings.Contains(words[0], "@") {
		return // of another module
	}
	folder := path.Join(at, words[0])
	flags := flagsOfProgram(folder)
	if flags == nil { // a document of an example may speak from its own folder
		flags = flagsOfProgram(path.Join(path.Dir(c.block.path), words[0]))
	}
	if flags == nil {
		t.Errorf("%s: %q: there is no program in %s", c.block, c.text, folder)
		return
	}
	for _, word := range words[1:] {
		found := flagWord.FindStringSubmatch(word)
		if found == nil || flags[found[1]] || gossip()[found[1]] {
			continue
		}
		t.Errorf("%s: %q: the program has no flag %s", c.block, c.text, word)
	}
}

// checkTest looks for the flags, and for the tests that -run and -fuzz name.
func checkTest(t *testing.T, c command, at string, words []string) {
	t.Helper()
	known := flagsUnder("")
	for i, word := range words {
		found := flagWord.FindStringSubmatch(word)
		if found == nil {
			continue
		}
		if !goFlags[found[1]] && !known[found[1]] {
			t.Errorf("%s: %q: no test has the flag %s", c.block, c.text, word)
		}
		if found[1] != "run" && found[1] != "fuzz" {
			continue
		}
		pattern := strings.TrimPrefix(word, "-"+found[1]+"=")
		if pattern == word && i+1 < len(words) {
			pattern = words[i+1]
		}
		pattern, _, _ = strings.Cut(strings.Trim(pattern, `'"`), "/")
		expression, err := regexp.Compile(pattern)
		if err != nil {
			t.Errorf("%s: %q: %v", c.block, c.text, err)
			continue
		}
		matched := false
		for name := range testsOfTree() {
			matched = matched || expression.MatchString(name)
		}
		if !matched && pattern != "^$" {
			t.Errorf("%s: %q: no test matches %q", c.block, c.text, pattern)
		}
	}
	for _, word := range words {
		if folder, ok := strings.CutPrefix(word, "./"); ok {
			folder = path.Join(at, strings.TrimSuffix(strings.TrimSuffix(folder, "..."), "/"))
			if info, err := os.Stat(filepath.Join(root, folder)); err != nil || !info.IsDir() {
				t.Errorf("%s: %q: there is no folder %s", c.block, c.text, folder)
			}
		}
	}
}

// flagsOfProgram returns the flags that a program and the packages of this tree under it define. It is nil where there is
// no program.
func flagsOfProgram(folder string) map[string]bool {
	folder = path.Clean(folder)
	names := flagsUnder(folder)
	if names == nil {
		return nil
	}
	seen := set(folder)
	for waiting := []string{folder}; len(waiting) > 0; {
		next := waiting[0]
		waiting = waiting[1:]
		for name := range flagsUnder(next) {
			names[name] = true
		}
		for _, file := range sources() {
			if path.Dir(file.path) != next || strings.HasSuffix(file.path, "_test.go") {
				continue
			}
			for _, spec := range file.parsed.Imports {
				imported, _ := strconv.Unquote(spec.Path.Value)
				if inside, ok := strings.CutPrefix(imported, module+"/"); ok && !seen[inside] {
					seen[inside] = true
					waiting = append(waiting, inside)
				}
			}
		}
	}
	return names
}

// flagsUnder returns the flags that the code of a folder defines, or that of the whole tree for "". It is nil where there is
// no code.
func flagsUnder(folder string) map[string]bool {
	var names map[string]bool
	for _, file := range sources() {
		if folder != "" && path.Dir(file.path) != path.Clean(folder) {
			continue
		}
		if names == nil {
			names = set("h", "help")
		}
		for node := range ast.Preorder(file.parsed) {
			if call, ok := node.(*ast.CallExpr); ok {
				if name := flagOf(call); name != "" {
					names[name] = true
				}
			}
		}
	}
	return names
}

// flagOf returns the name of the flag that a call like flags.IntVar(&n, "n", 5, "how many") defines.
func flagOf(call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	receiver, ok := selector.X.(*ast.Ident)
	if !ok || receiver.Name != "flag" && receiver.Name != "flags" && receiver.Name != "fs" {
		return ""
	}
	position := 0
	if strings.HasSuffix(selector.Sel.Name, "Var") {
		position = 1
	}
	if len(call.Args) <= position {
		return ""
	}
	literal, ok := call.Args[position].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	name, _ := strconv.Unquote(literal.Value)
	return name
}
