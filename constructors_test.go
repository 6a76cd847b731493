package grapevine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestConstructorsHaveExamples holds that each exported constructor of a library has an Example:
// ExampleNew or ExampleNew_suffix for New. A constructor is an exported function, not a method,
// whose name begins with New, or whose first result is
//
//   - a value of an exported type, of this package or another, or a pointer to one, as
//     LeastRequest() Policy and Server() *GracefulServer;
//   - or a function, as middleware of net/http is.
//
// Options are none: types whose names end in Option belong to the constructor that takes them.
// Neither are functions that return a context, an error, or a value of a builtin type. Programs,
// and packages below them, are no libraries.
func TestConstructorsHaveExamples(t *testing.T) {
	found := 0
	for folder, p := range librariesOf(t) {
		for _, name := range p.constructors {
			found++
			if !slices.ContainsFunc(p.examples, func(example string) bool {
				return example == name || strings.HasPrefix(example, name+"_")
			}) {
				t.Errorf("%s: %s has no Example: write Example%s, with an Output where it has one", folder, name, name)
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d constructors were found", found)
	}
}

// library is what the files of a folder have.
type library struct {
	constructors, examples []string
	isProgram              bool
}

// librariesOf returns all by their folders.
func librariesOf(t *testing.T) map[string]*library {
	all := make(map[string]*library)
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(file))
		if all[folder] == nil {
			all[folder] = new(library)
		}
		all[folder].read(parsed, strings.HasSuffix(file, "_test.go"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	libraries := maps.Clone(all)
	maps.DeleteFunc(libraries, func(folder string, _ *library) bool {
		return strings.Contains("/"+folder+"/", "/internal/") || ofProgram(all, folder)
	})
	return libraries
}

// ofProgram reports whether a folder is that of a program, or below one.
func ofProgram(all map[string]*library, folder string) bool {
	for ; folder != "."; folder = path.Dir(folder) {
		if p := all[folder]; p != nil && p.isProgram {
			return true
		}
	}
	return false
}

func (p *library) read(file *ast.File, isTest bool) {
	p.isProgram = p.isProgram || file.Name.Name == "main"
	for _, declared := range file.Decls {
		function, ok := declared.(*ast.FuncDecl)
		if !ok || function.Recv != nil {
			continue
		}
		name := function.Name.Name
		example, isExample := strings.CutPrefix(name, "Example")
		switch {
		case isTest && isExample:
			p.examples = append(p.examples, example)
		case !isTest && function.Name.IsExported() &&
			(strings.HasPrefix(name, "New") || constructs(function.Type.Results)):
			p.constructors = append(p.constructors, name)
		}
	}
}

// constructs reports whether the first of results is what a constructor returns.
func constructs(results *ast.FieldList) bool {
	if results == nil {
		return false
	}
	first := results.List[0].Type
	if pointer, ok := first.(*ast.StarExpr); ok {
		first = pointer.X
	}
	switch generic := first.(type) {
	case *ast.IndexExpr:
		first = generic.X
	case *ast.IndexListExpr:
		first = generic.X
	}
	switch result := first.(type) {
	case *ast.FuncType:
		return true
	case *ast.Ident:
		return result.IsExported() && !strings.HasSuffix(result.Name, "Option")
	case *ast.SelectorExpr:
		from, _ := result.X.(*ast.Ident)
		return from.Name != "context"
	default:
		return false
	}
}
