//go:build unix

// Package examples_test runs the examples as a newcomer would: as processes, ended with SIGTERM.
package examples_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second // on a busy machine

// process is a running example whose output can be awaited.
type process struct {
	t       *testing.T
	name    string
	command *exec.Cmd
	lines   chan string // of standard output and standard error; closed at its end
	seen    []string
}

// programs are the examples that were built, by folder: each is linked once, one after another.
var (
	building sync.Mutex
	programs = make(map[string]string)
)

func TestMain(m *testing.M) {
	code := m.Run()
	for _, program := range programs {
		os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

// build returns the program of an example.
func build(t *testing.T, folder string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	if program, built := programs[folder]; built {
		return program
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, filepath.Base(folder))
	if out, err := exec.Command("go", "build", "-o", program, "./"+folder).CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		t.Fatalf("build %s: %v\n%s", folder, err, out)
	}
	programs[folder] = program
	return program
}

func start(t *testing.T, folder string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: folder, command: exec.Command(build(t, folder), args...), lines: make(chan string, 1000)}
	p.command.Env = append(os.Environ(), "NO_COLOR=1")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.command.Stdout, p.command.Stderr = write, write
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() {
		p.command.Process.Kill() // no more than a signal to one that has ended
		for range p.lines {
		}
		p.command.Wait() // an error where the test has waited
	})
	go func() {
		defer close(p.lines)
		defer read.Close()
		for scanner := bufio.NewScanner(read); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	return p
}

// await gives the first submatch of pattern in the output.
func (p *process) await(pattern string) string {
	p.t.Helper()
	expression := regexp.MustCompile(pattern)
	limit := time.After(patience)
	for {
		select {
		case line, open := <-p.lines:
			if !open {
				p.t.Fatalf("%s ended before it wrote %q:\n%s", p.name, pattern, strings.Join(p.seen, "\n"))
			}
			p.seen = append(p.seen, line)
			if match := expression.FindStringSubmatch(line); match != nil {
				return match[len(match)-1]
			}
		case <-limit:
			p.t.Fatalf("%s does not write %q:\n%s", p.name, pattern, strings.Join(p.seen, "\n"))
		}
	}
}

// terminate sends SIGTERM and expects a clean end.
func (p *process) terminate() {
	p.t.Helper()
	p.command.Process.Signal(syscall.SIGTERM)
	limit := time.AfterFunc(patience, func() { p.command.Process.Kill() })
	defer limit.Stop()
	for line := range p.lines {
		p.seen = append(p.seen, line)
	}
	if err := p.command.Wait(); err != nil {
		p.t.Errorf("%s after SIGTERM: %v\n%s", p.name, err, strings.Join(p.seen, "\n"))
	}
}

func TestHello(t *testing.T) {
	t.Parallel()
	alice := start(t, "hello", "-gossip.name", "alice")
	bob := start(t, "hello", "-gossip.name", "bob", "-gossip.join", alice.await(`gossips at (\S+)`))
	alice.await(`"level":"info".*"member":"bob".*cluster: member joined`)
	alice.await(`hello from bob`)
	bob.await(`hello from alice`)
	bob.terminate()
	alice.await(`"level":"info".*"member":"bob".*cluster: member left`)
	alice.await(`hello from alice`)
	alice.terminate()
}

func TestStringServiceIsFoundByName(t *testing.T) {
	t.Parallel()
	service := start(t, "stringsvc")
	gossip := service.await(`serving gossip=(\S+)`)
	shout := start(t, "stringsvc/shout", "-http", "127.0.0.1:0", "-gossip.join", gossip)
	address := shout.await(`serving .*http=(\S+)`)
	fromConsul := start(t, "fromconsul", "-gossip.join", gossip)

	response, err := http.Post("http://"+address+"/shout", "application/json", strings.NewReader(`{"s":"hello"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); strings.TrimSpace(string(body)) != `{"v":"HELLO!"}` {
		t.Errorf("shout answered %s", body)
	}
	fromConsul.await(`^HELLO$`)
	service.await(`called method=uppercase`)
	fromConsul.terminate()
	shout.terminate()
	service.terminate()
}

// run runs an example that ends by itself, and gives its output.
func run(t *testing.T, folder string, args ...string) string {
	t.Helper()
	out, err := exec.Command(build(t, folder), args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", folder, args, err, out)
	}
	return string(out)
}

// TestSecret also changes the secret under the two that run.
func TestSecret(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret.txt")
	before, after := run(t, "secret", "-new"), run(t, "secret", "-new")
	write := func(secrets ...string) {
		if err := os.WriteFile(file, []byte(strings.Join(secrets, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(before)
	alice := start(t, "secret", "-gossip.name", "alice", "-gossip.cluster", "shop", "-gossip.secret-file", file)
	gossip := alice.await(`gossips at (\S+)`)
	bob := start(t, "secret", "-gossip.name", "bob", "-gossip.cluster", "shop", "-gossip.secret-file", file, "-gossip.join", gossip)
	old := bob.await(`^secret (\S+): used here true, used by 1 peers`)
	alice.await(`^secret ` + old + `: used here true, used by 1 peers`)
	write(before, after)
	fresh := alice.await(`^secret (\S+): used here false, used by 0 peers`)
	bob.await(`^secret ` + fresh + `: used here false`)
	write(after, before)
	alice.await(`^secret ` + fresh + `: used here true, used by 1 peers`)
	bob.await(`^secret ` + fresh + `: used here true, used by 1 peers`)
	write(after)
	stranger := start(t, "secret", "-gossip.name", "carol", "-gossip.cluster", "shop", "-gossip.secret", strings.TrimSpace(before),
		"-gossip.join", gossip)
	for range 2 { // in either order, each once
		stranger.await(`^carol gossips at|refused a peer .*\(secret\)`)
	}
	stranger.terminate()
	bob.terminate()
	alice.terminate()
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "certs")
	run(t, "certs", "-dir", folder, "alice", "bob")
	alice := start(t, "certificates", "-certs", folder, "-gossip.name", "alice", "-gossip.cluster", "shop")
	bob := start(t, "certificates", "-certs", folder, "-gossip.name", "bob", "-gossip.cluster", "shop",
		"-gossip.join", alice.await(`gossips at (\S+)`))
	alice.await(`^members: alice bob$`)
	bob.await(`^members: alice bob$`)
	bob.terminate()
	alice.await(`^members: alice$`)
	alice.terminate()
}
