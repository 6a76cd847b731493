package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRunbookQuotesTheCode looks for each line of the log, and each evidence, that the runbook names in the code that writes
// it. Three dots, "and" and a semicolon stand between parts that the code joins.
func TestRunbookQuotesTheCode(t *testing.T) {
	content, err := os.ReadFile("operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, runbook, found := strings.Cut(string(content), "\n## Runbook\n")
	if !found {
		t.Fatal("operations.md has no runbook")
	}
	code := codeOf(t, "../cluster", "../endpoint", "../membership")
	joints := regexp.MustCompile(`\.\.\.|, and |; `)
	texts := 0
	for _, row := range strings.Split(runbook, "\n") {
		cell, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " |")
		if !strings.HasPrefix(row, "| `") || strings.Contains(cell, "Refused[") {
			continue
		}
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			for _, part := range joints.Split(quoted[1], -1) {
				if part = strings.Trim(part, " ,"); part == "" {
					continue
				}
				texts++
				if !strings.Contains(code, part) {
					t.Errorf("no code says %q", part)
				}
			}
		}
	}
	if texts < 40 {
		t.Errorf("only %d texts found: has the form of the tables changed?", texts)
	}
}

// codeOf returns all code in folders, tests apart.
func codeOf(t *testing.T, folders ...string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			content, err := os.ReadFile(file)
			all.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
