package docs_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// command is a line of a console block that begins with a dollar, and what it prints.
type command struct {
	block  block
	text   string // on one line, without its comment
	output []string
}

var (
	remark = regexp.MustCompile(`\s{2,}# .*$`)
	number = regexp.MustCompile(`\d[\d.,:]*`)

	everything = regexp.MustCompile(`\.ci/|go test\b.*( work\b|\./\.\.\.| \./docs)`)
)

// commandsOf returns the commands of a console block. A backslash continues a command on the next line.
func commandsOf(t *testing.T, b block) (commands []command) {
	t.Helper()
	continued := false
	for text := range strings.Lines(b.text) {
		text = strings.TrimRight(text, "\n")
		typed, isCommand := strings.CutPrefix(text, "$ ")
		if !isCommand && !continued {
			if len(commands) == 0 {
				t.Errorf("%s: output before the first command: begin commands with \"$ \"", b)
				return nil
			}
			last := &commands[len(commands)-1]
			last.output = append(last.output, text)
			continue
		}
		if isCommand {
			commands = append(commands, command{block: b})
		} else {
			typed = text
		}
		typed = remark.ReplaceAllString(typed, "")
		typed, continued = strings.CutSuffix(typed, `\`)
		last := &commands[len(commands)-1]
		last.text = strings.Join(strings.Fields(last.text+" "+typed), " ")
	}
	for i := range commands { // a blank line before the next command is no output
		for n := len(commands[i].output); n > 0 && commands[i].output[n-1] == ""; n-- {
			commands[i].output = commands[i].output[:n-1]
		}
	}
	return commands
}

// TestCommandsRun runs the commands of the documents, those of a block in one folder, and compares their output.
func TestCommandsRun(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	used, names := make(map[string]bool), testsOfTree()
	ran := make(map[string]bool) // blocks that README has in two languages run once
	for _, d := range all(t) {
		for _, b := range d.blocks {
			if b.language != "console" {
				continue
			}
			var run []command
			for _, c := range commandsOf(t, b) {
				program, _, _ := strings.Cut(c.text, " ")
				if foreign[program] != "" {
					continue
				}
				key, ok := keyOf(c.text)
				if !ok && everything.MatchString(c.text) {
					t.Errorf("%s: %q would run this test in itself: add it to the table in commands_test.go", b, c.text)
					continue
				}
				if !ok {
					run = append(run, c)
					continue
				}
				cover := elsewhere[key]
				used[key] = true
				switch {
				case cover.reason == "":
					t.Errorf("%s: no reason why %q is not run", b, c.text)
				case cover.by == ".ci/run" && !strings.Contains(string(script), c.text):
					t.Errorf("%s: .ci/run does not run %q", b, c.text)
				case cover.by != ".ci/run" && !exists(names, cover.by):
					t.Errorf("%s: %q is covered by %q, which is no test", b, c.text, cover.by)
				}
			}
			if len(run) > 0 && !ran[b.text] {
				ran[b.text] = true
				t.Run(strings.ReplaceAll(b.String(), "/", "_"), func(t *testing.T) { runAll(t, run) })
			}
		}
	}
	for text := range elsewhere {
		if !used[text] {
			t.Errorf("no document has the command %q: remove it from the table", text)
		}
	}
}

// keyOf returns the entry of elsewhere for a command. An entry that ends in three dots stands for all that begin like it.
func keyOf(text string) (key string, ok bool) {
	if _, ok := elsewhere[text]; ok {
		return text, true
	}
	for key := range elsewhere {
		if begin, ok := strings.CutSuffix(key, "..."); ok && strings.HasPrefix(text, begin) {
			return key, true
		}
	}
	return "", false
}

// scratch makes a folder that looks like the root of the tree, so that what commands write stays out of it.
func scratch(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(absolute)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() == ".git" {
			continue
		}
		if err := os.Symlink(filepath.Join(absolute, entry.Name()), filepath.Join(folder, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// runAll runs the commands of a block in the root of the tree, or in a scratch folder where its comment says so.
func runAll(t *testing.T, commands []command) {
	folder, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	environment := append(os.Environ(), "NO_COLOR=1")
	if commands[0].block.comment == "scratch" {
		folder = scratch(t, "grapevine")
		environment = append(environment, "GOFLAGS=-trimpath -buildvcs=false") // so that what was built for another folder is used again
	}
	for _, c := range commands {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		process := shell(ctx, "set -o pipefail; "+c.text)
		process.Dir = folder
		process.Env = append(environment, "PWD="+folder)
		process.WaitDelay = 10 * time.Second
		out, err := process.CombinedOutput()
		cancel()
		if err != nil {
			t.Errorf("%s: %q: %v\n%s", c.block, c.text, err, out)
			continue
		}
		if len(c.output) > 0 {
			want, got := normal(c.output), normal(strings.Split(strings.TrimRight(string(out), "\n"), "\n"))
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q prints\n%s\nwant\n%s", c.block, c.text, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

// normal makes output comparable: numbers, and with them times, ports and durations, become one sign, and so do spaces.
func normal(lines []string) []string {
	same := make([]string, len(lines))
	for i, text := range lines {
		text = strings.ReplaceAll(text, "(cached)", "0s")
		text = regexp.MustCompile(`\bms\b|\bµs\b`).ReplaceAllString(number.ReplaceAllString(text, "#"), "s")
		same[i] = strings.Join(strings.Fields(text), " ")
	}
	return same
}
