package main

import (
	"os"
	"regexp"
	"testing"
)

// TestREADME holds that the files to which the README points exist, and the commands that it names.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	links := regexp.MustCompile(`\]\(([^):#]+)\)|go (?:run|generate) (\./(?:cmd|pricing)/[a-z]+)`)
	for _, match := range links.FindAllSubmatch(readme, -1) {
		found++
		if _, err := os.Stat(string(match[1]) + string(match[2])); err != nil {
			t.Error(err)
		}
	}
	if found < 30 {
		t.Errorf("%d files and commands were found", found)
	}
}
