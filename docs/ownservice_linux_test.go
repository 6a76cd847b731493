package docs_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
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
	seed := seedOnOwnHost()
	var built string
	var one *terminal
	for _, c := range commands {
		if args, ok := strings.CutPrefix(c.text, "go run . "); ok {
			built = buildIn(t, folder, ".")
			one = begin(t, "one", built, strings.Fields(strings.ReplaceAll(args, seedInREADME, seed))...)
			break
		}
		at := folder
		if strings.HasPrefix(c.text, "mkdir") {
			at = clone
		}
		process := shell(t.Context(), c.text)
		process.Dir = at
		// Without a network the module cache must do: go.sum of the tree has checked it, and -e goes on where it lacks modules
		// that only tests of others need. The build below finds all else.
		process.Env = append(os.Environ(), "PWD="+at, "GOSUMDB=off", "GOFLAGS=-e")
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
	two := begin(t, "two", built, strings.Fields(strings.ReplaceAll(second[1], seedInREADME, seed))...)

	for _, s := range []*terminal{one, two} {
		ask := s.find(`try (http://\S+/ask)`)
		missing, answered := map[string]bool{`"hello from one"`: true, `"hello from two"`: true}, false
		var last error
		for limit := time.Now().Add(patience); len(missing) > 0; {
			if time.Now().After(limit) {
				t.Fatalf("asked at %s, no instance answers %v; last error: %v", s.name, missing, last)
			}
			answer, err := fetch(ask)
			if err != nil && answered {
				t.Fatal(err)
			}
			if err != nil { // the address is logged before the offer is registered
				last = err
				continue
			}
			answered = true
			delete(missing, answer)
		}
	}
	two.interrupt()
	one.interrupt()
}

// fetch returns the answer to a GET.
func fetch(address string) (string, error) {
	response, err := http.Get(address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", address, response.Status, body)
	}
	return strings.TrimSpace(string(body)), err
}
