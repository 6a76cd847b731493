package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/grapevine-go/grapevine"

// TestGoBlocksCompile vets all go blocks in one run of go vet: each is a package of a module of its own, in a workspace
// with the modules of this one.
func TestGoBlocksCompile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		name = filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	workspace, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	uses := regexp.MustCompile(`(?m)^(\s+|use )\.`).ReplaceAllString(string(workspace), "${1}"+filepath.ToSlash(absolute))
	write("go.work", uses+"\nuse ./blocks\n")
	if sums, err := os.ReadFile(filepath.Join(root, "go.work.sum")); err == nil {
		write("go.work.sum", string(sums))
	}
	write("blocks/go.mod", "module blocks\n\ngo 1.26\n")

	names := make(map[string]block) // folder of each block
	for _, d := range all(t) {
		for _, b := range d.blocks {
			if b.language != "go" {
				continue
			}
			name := strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(b.path) + "_" + strconv.Itoa(b.number)
			names[name] = b
			if strings.HasPrefix(b.text, "package ") {
				write("blocks/"+name+"/main.go", b.text)
				continue
			}
			if _, quoted := b.directive("from"); quoted {
				continue // compiled where it stands: TestQuotedBlocks
			}
			content, err := complete(b)
			if err != nil {
				t.Errorf("%s: %v", b, err)
				continue
			}
			write("blocks/"+name+"/fragment_test.go", content) // may use what only tests import
			write("blocks/"+name+"/doc.go", "package fragment\n")
		}
	}
	if len(names) == 0 {
		t.Fatal("no document shows Go")
	}
	vet := exec.Command("go", "vet", "-unreachable=false", "-lostcancel=false", "./blocks/...")
	vet.Dir = folder
	vet.Env = append(os.Environ(), "GOWORK="+filepath.Join(folder, "go.work"), "GOFLAGS=")
	if out, err := vet.CombinedOutput(); err != nil {
		said := string(out)
		for name, b := range names {
			said = strings.ReplaceAll(said, "blocks/"+name+"/", b.String()+" ")
		}
		t.Errorf("%v\n%s", err, said)
	}
}

// complete makes a file of a fragment: declarations as they are, statements in a function.
func complete(b block) (string, error) {
	given := "ctx context.Context, node *cluster.Node"
	if more, ok := b.directive("with"); ok {
		given += ", " + more
	}
	var content string
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package fragment\n"+b.text, 0); err == nil {
		content = b.text
	} else {
		var ignored strings.Builder // names that a fragment declares and leaves to the reader
		statements, err := parser.ParseFile(token.NewFileSet(), "", "package fragment\nfunc _() {\n"+b.text+"}\n", 0)
		if err != nil {
			return "", fmt.Errorf("neither declarations nor statements: %w", err)
		}
		for _, name := range assigned(statements) {
			ignored.WriteString("_ = " + name + "\n")
		}
		content = "func _(" + given + ") (err error) {\n{\n//line fragment.go:1\n" + b.text + ignored.String() + "}\nreturn err\n}\n"
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package fragment\n"+content, 0)
	if err != nil {
		return "", err
	}
	var imports strings.Builder
	own := declared(parsed)
	known := packagesOfTree()
	for _, name := range qualifiers(parsed) {
		if from, ok := known[name]; ok && !own[name] {
			fmt.Fprintf(&imports, "import %s %q\n", name, from)
		}
	}
	return "package fragment\n" + imports.String() + content, nil
}

// assigned returns the names that the outermost statements of the only function declare.
func assigned(file *ast.File) (names []string) {
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List {
		if s, ok := statement.(*ast.AssignStmt); ok && s.Tok == token.DEFINE {
			for _, left := range s.Lhs {
				if name, ok := left.(*ast.Ident); ok && name.Name != "_" {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// declared returns the names that a file declares anywhere: such a name is no package.
func declared(file *ast.File) map[string]bool {
	names := make(map[string]bool)
	for node := range ast.Preorder(file) {
		switch n := node.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, left := range n.Lhs {
					if name, ok := left.(*ast.Ident); ok {
						names[name.Name] = true
					}
				}
			}
		case *ast.Field:
			for _, name := range n.Names {
				names[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				names[name.Name] = true
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if name, ok := e.(*ast.Ident); ok {
					names[name.Name] = true
				}
			}
		}
	}
	return names
}

// qualifiers returns the names before a dot.
func qualifiers(file *ast.File) []string {
	names := make(map[string]bool)
	for node := range ast.Preorder(file) {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok {
				names[name.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// packagesOfTree returns the import path of each package by the name that the tree uses. Where the tree has two of a name,
// the own package counts before the standard library, and that before others.
func packagesOfTree() map[string]string {
	known := make(map[string]string)
	rank := func(imported string) int {
		switch first, _, _ := strings.Cut(imported, "/"); {
		case imported == "":
			return 3
		case strings.HasPrefix(imported, module+"/"):
			return 0
		case !strings.Contains(first, "."):
			return 1
		}
		return 2
	}
	for _, file := range sources() {
		if strings.HasPrefix(file.path, "testcluster/bench/") || strings.HasPrefix(file.path, ".ci/") {
			continue
		}
		for _, spec := range file.parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue
			}
			name := path.Base(imported)
			if regexp.MustCompile(`^v\d+$`).MatchString(name) {
				name = path.Base(path.Dir(imported))
			}
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if rank(imported) < rank(known[name]) {
				known[name] = imported
			}
		}
	}
	return known
}

// TestQuotedBlocks compares the blocks that are quoted with the files that they are from.
func TestQuotedBlocks(t *testing.T) {
	for _, d := range all(t) {
		for _, b := range d.blocks {
			from, quoted := b.directive("from")
			if b.language == "diff" && !quoted {
				t.Errorf("%s: a diff needs the file that has its new lines: <!-- from: examples/... -->", b)
			}
			if !quoted {
				continue
			}
			content, err := os.ReadFile(filepath.Join(root, from))
			if err != nil {
				t.Errorf("%s: %v", b, err)
				continue
			}
			if b.language == "diff" {
				for text := range strings.Lines(b.text) {
					if added, ok := strings.CutPrefix(text, "+"); ok && !quotes(string(content), added) {
						t.Errorf("%s: %s has no line %q", b, from, strings.TrimSpace(added))
					}
				}
			} else if !quotes(string(content), b.text) {
				t.Errorf("%s: its lines do not stand in %s", b, from)
			}
		}
	}
}

// quotes reports whether the lines stand in the file one after another, at whatever depth.
func quotes(file, text string) bool {
	flat := func(s string) string {
		var b strings.Builder
		for l := range strings.Lines(s) {
			b.WriteString(strings.TrimSpace(l) + "\n")
		}
		return b.String()
	}
	return strings.Contains("\n"+flat(file), "\n"+flat(text))
}
