package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

func writeSeeds(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// seedsIn gives what a file of this content does.
func seedsIn(t *testing.T, content string) ([]string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seeds")
	writeSeeds(t, path, content)
	return FileSeeds(path).Seeds(t.Context())
}

func TestFileSeeds(t *testing.T) {
	for name, tt := range map[string]struct {
		content string
		want    []string
	}{
		"empty":           {"", nil},
		"comments":        {"# none yet\n\n  # at all\n", nil},
		"one a line":      {"10.0.0.7:7946\nseed.example.com:7946\n[fd00::7]:7946\n", []string{"10.0.0.7:7946", "seed.example.com:7946", "[fd00::7]:7946"}},
		"no end of line":  {"a:1\nb:2", []string{"a:1", "b:2"}},
		"of Windows":      {"a:1\r\n\r\nb:2\r\n", []string{"a:1", "b:2"}},
		"space, comments": {"\t a:1  # the first\n#b:2\n", []string{"a:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if seeds, err := seedsIn(t, tt.content); err != nil || !slices.Equal(seeds, tt.want) {
				t.Errorf("Seeds = %q, %v, want %q", seeds, err, tt.want)
			}
		})
	}
}

// TestFileSeedsNameTheLine: the error says where to repair what, and the other lines count.
func TestFileSeedsNameTheLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seeds")
	writeSeeds(t, path, "# our seeds\na:1\nnonsense # here\nb:2\nc:0\n")
	seeds, err := FileSeeds(path).Seeds(t.Context())
	if !slices.Equal(seeds, []string{"a:1", "b:2"}) {
		t.Errorf("Seeds = %q, want the lines that are addresses", seeds)
	}
	var field *membership.FieldError
	if !errors.As(err, &field) || field.Value != "nonsense" || field.Remedy == "" {
		t.Errorf("the error is %#v", field)
	}
	for _, want := range []string{`seed in line 3 of file ` + path + ` "nonsense": `, `seed in line 5 of file ` + path + ` "c:0": `} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("the error is %v, want it to say %s", err, want)
		}
	}
}

// TestFault22_SeedFileChanges: the file appears, changes and goes, and the stamp tells each time and not otherwise.
func TestFault22_SeedFileChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seeds")
	provider := FileSeeds(path).(watched)
	last := ""
	expect := func(what string, want ...string) {
		t.Helper()
		if stamp := provider.stamp(); stamp == last {
			t.Errorf("%s: the stamp is still %s", what, stamp)
		} else if last = stamp; provider.stamp() != last {
			t.Errorf("%s: the stamp changes by itself", what)
		}
		seeds, err := provider.Seeds(t.Context())
		if !slices.Equal(seeds, want) {
			t.Errorf("%s: Seeds = %q, want %q", what, seeds, want)
		}
		if missing := want == nil; missing != errors.Is(err, fs.ErrNotExist) || missing != (err != nil) {
			t.Errorf("%s: the error is %v", what, err)
		}
	}
	expect("before")
	writeSeeds(t, path, "a:1")
	expect("after it appears", "a:1")
	writeSeeds(t, path, "a:1\nb:2")
	expect("after a change", "a:1", "b:2")
	writeSeeds(t, path+".new", "c:3")
	os.Rename(path+".new", path)
	expect("after it is replaced", "c:3")
	os.Remove(path)
	expect("after it is gone")
}

func TestFileSeedsAreBounded(t *testing.T) {
	address := "a:1\n"
	seeds, err := seedsIn(t, strings.Repeat(address, mostSeeds))
	if len(seeds) != mostSeeds || err != nil {
		t.Errorf("%d seeds, %v, want %d", len(seeds), err, mostSeeds)
	}
	seeds, err = seedsIn(t, strings.Repeat(address, 3*mostSeeds))
	if len(seeds) != mostSeeds || err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), "line 1025 of") {
		t.Errorf("%d seeds, %v, want %d and one line that says so", len(seeds), err, mostSeeds)
	}
	seeds, err = seedsIn(t, strings.Repeat("nonsense\n", 3*mostSeeds)+address)
	if len(seeds) != 1 || err == nil || strings.Count(err.Error(), "\n") != mostFaults {
		t.Errorf("%q, %v, want the last seed, and %d of the errors", seeds, err, mostFaults)
	}
	comment := "#" + strings.Repeat("x", longestSeedFile-len(address)-2) + "\n"
	if seeds, err := seedsIn(t, address+comment); len(seeds) != 1 || err != nil {
		t.Errorf("%q, %v of a file that is just short enough", seeds, err)
	}
	var field *membership.FieldError
	if seeds, err := seedsIn(t, address+comment+"\n"); len(seeds) > 0 || !errors.As(err, &field) {
		t.Errorf("%q, %v of a file that is too long", seeds, err)
	}
}

func TestFileSeedsIsNoFile(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull} {
		seeds, err := FileSeeds(path).Seeds(t.Context())
		var field *membership.FieldError
		if len(seeds) > 0 || !errors.As(err, &field) || field.Value != path {
			t.Errorf("%s: Seeds = %q, %v", path, seeds, err)
		}
	}
}
