package docs_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestServiceOfYourOwn follows the README outside of the tree: a new module, its program, two processes, calls by name.
func TestServiceOfYourOwn(t *testing.T) {
	t.Parallel()
	readme := parse(t, "README.md")
	var program string
	var commands []command
	for _, b := range readme.blocks {
		if strings.HasPrefix(b.text, "package main") {
			program = b.text
		}
		if b.language == "console" && strings.Contains(b.text, "go mod init") {
			commands = commandsOf(t, b)
		}
	}
	if program == "" || len(commands) == 0 {
		t.Fatal("the README has no program, or no commands for a module of it")
	}
	clone := scratch(t, "grapevine")
	folder := filepath.Join(filepath.Dir(clone), "greeter")
	seed := freeAddress(t)
	var built string
	var one *terminal
	for _, c := range commands {
		if args, ok := strings.CutPrefix(c.text, "go run . "); ok {
			built = buildIn(t, folder, ".")
			one = begin(t, "one", built, strings.Fields(strings.ReplaceAll(args, "127.0.0.1:7946", seed))...)
			break
		}
		at := folder
		if strings.HasPrefix(c.text, "mkdir") {
			at = clone
		}
		process := exec.CommandContext(t.Context(), "bash", "-c", c.text)
		process.Dir = at
		process.Env = append(os.Environ(), "PWD="+at, "GOWORK=off")
		if out, err := process.CombinedOutput(); err != nil {
			t.Fatalf("%s: %q: %v\n%s", c.block, c.text, err, out)
		}
		if at == clone {
			if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(program), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	second := regexp.MustCompile("`go run . ([^`]*-gossip.join [^`]*)`").FindStringSubmatch(strings.Join(readme.lines, "\n"))
	if one == nil || second == nil {
		t.Fatal("the README does not start the program twice")
	}
	two := begin(t, "two", built, strings.Fields(strings.ReplaceAll(second[1], "127.0.0.1:7946", seed))...)

	for _, s := range []*terminal{one, two} {
		ask := s.find(`try (http://\S+/ask)`)
		missing := map[string]bool{`"hello from one"`: true, `"hello from two"`: true}
		for limit := time.Now().Add(patience); len(missing) > 0; {
			if time.Now().After(limit) {
				t.Fatalf("asked at %s, nobody says %v", s.name, missing)
			}
			delete(missing, fetch(t, ask))
		}
	}
	two.interrupt()
	one.interrupt()
}

// fetch returns the answer to a GET, and fails the test where there is none.
func fetch(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", address, response.Status, err, body)
	}
	return strings.TrimSpace(string(body))
}
