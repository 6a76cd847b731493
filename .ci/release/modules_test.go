package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const ours = "example.com/lib"

// madeUp returns modules with the given go.mod files, by folder.
func madeUp(t *testing.T, texts map[string]string) []module {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for folder, text := range texts {
		name := filepath.Join(folder, "go.mod")
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	modules, err := readModules(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

// sound returns go.mod files of all released modules, with those in changed in place of theirs.
func sound(changed map[string]string) map[string]string {
	texts := map[string]string{".": "module " + ours + "\n"}
	for _, folder := range released[1:] {
		texts[folder] = "module " + ours + "/" + folder + "\nrequire " + ours + " v0.0.0\nreplace " + ours + " => ../..\n"
	}
	for folder, text := range changed {
		texts[folder] = text
	}
	return texts
}

func TestCheckModules(t *testing.T) {
	const grpc = "endpoint/grpcendpoint"
	head := "module " + ours + "/" + grpc + "\n"
	for name, tt := range map[string]struct {
		changed map[string]string
		refused string
	}{
		"sound":                {nil, ""},
		"kept back":            {map[string]string{"examples/shop": "module " + ours + "/examples/shop\n"}, ""},
		"a sibling":            {map[string]string{grpc: head + "require " + ours + "/endpoint/failsafeendpoint v0.0.0\n"}, ""},
		"not listed":           {map[string]string{"examples2": "module " + ours + "/examples2\n"}, "module examples2 is neither released nor kept back"},
		"another path":         {map[string]string{grpc: "module " + ours + "/grpc\n"}, "a consumer looks for " + ours + "/" + grpc},
		"a replaced stranger":  {map[string]string{grpc: head + "replace example.com/a => ../a\n"}, "replace example.com/a: it does not count"},
		"a replaced version":   {map[string]string{grpc: head + "replace " + ours + " => example.com/fork v1.0.0\n"}, "does not count"},
		"of what is kept back": {map[string]string{grpc: head + "require " + ours + "/testcluster/bench v0.0.0\n"}, "that module is not released"},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, checkModules(madeUp(t, sound(tt.changed))), tt.refused)
		})
	}
	t.Run("gone", func(t *testing.T) {
		texts := sound(nil)
		delete(texts, grpc)
		wantError(t, checkModules(madeUp(t, texts)), "module "+grpc+" has no go.mod")
	})
}

func TestInOrder(t *testing.T) {
	modules := madeUp(t, sound(map[string]string{
		"endpoint/failsafeendpoint": "module " + ours + "/endpoint/failsafeendpoint\nrequire " + ours + "/endpoint/grpcendpoint v0.0.0\n",
		"examples/shop":             "module " + ours + "/examples/shop\n",
	}))
	at := make(map[string]int)
	for i, m := range inOrder(modules) {
		at[m.folder] = i
	}
	if len(at) != len(released) || at["."] != 0 || at["endpoint/failsafeendpoint"] < at["endpoint/grpcendpoint"] {
		t.Errorf("the order is %v", at)
	}
}

func TestRequireVersion(t *testing.T) {
	const text = `module example.com/lib/endpoint/grpcendpoint

go 1.26.0

require (
	example.com/lib v0.0.0 // the root
	example.com/library v1.2.3
)

require example.com/lib/endpoint/failsafeendpoint v0.1.0 // indirect

// Why.
replace example.com/lib => ../..
`
	const want = `module example.com/lib/endpoint/grpcendpoint

go 1.26.0

require (
	example.com/lib v0.2.0 // the root
	example.com/library v1.2.3
)

require example.com/lib/endpoint/failsafeendpoint v0.2.0 // indirect

// Why.
replace example.com/lib => ../..
`
	got, err := madeUp(t, map[string]string{"endpoint/grpcendpoint": text})[0].requireVersion(ours, "v0.2.0")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("go.mod is\n%s\nwant\n%s", got, want)
	}
}

// TestModulesOfThisRepository checks that a release of the work tree would not be refused because of its modules.
func TestModulesOfThisRepository(t *testing.T) {
	repo, err := openRepository(".")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := repo.modules()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkModules(modules); err != nil {
		t.Error(err)
	}
	if root := inOrder(modules)[0]; root.folder != "." || !strings.HasPrefix(root.path(), "github.com/") {
		t.Errorf("the first module is %s in %s", root.path(), root.folder)
	}
}
