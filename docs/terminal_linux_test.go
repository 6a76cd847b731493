package docs_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

const patience = time.Minute // on a busy machine

// terminal runs a program as a person sees it: with a terminal as its output.
type terminal struct {
	t       *testing.T
	name    string
	process *exec.Cmd

	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed at the next line, and at the end
	ended bool
}

// openTerminal returns the two sides of a new pseudo-terminal.
func openTerminal() (ours, theirs *os.File, err error) {
	ours, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	var number, unlock uint32
	for request, value := range map[uintptr]*uint32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlock} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, ours.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			ours.Close()
			return nil, nil, errno
		}
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		ours.Close()
	}
	return ours, theirs, err
}

// begin starts a program on a terminal.
func begin(t *testing.T, name, program string, args ...string) *terminal {
	t.Helper()
	ours, theirs, err := openTerminal()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	s := &terminal{t: t, name: name, process: exec.Command(program, args...), more: make(chan struct{})}
	s.process.Env = append(os.Environ(), "NO_COLOR=1", "TERM=xterm")
	s.process.Stdout, s.process.Stderr = theirs, theirs
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { s.read(ours) })
	t.Cleanup(func() {
		s.process.Process.Kill() // nothing, where the test has ended it
		s.process.Wait()
		reading.Wait()
	})
	return s
}

func (s *terminal) read(from io.ReadCloser) {
	defer from.Close()
	scanner := bufio.NewScanner(from) // ends with an error once the program has closed its side
	for open := true; open; {
		open = scanner.Scan()
		s.mu.Lock()
		if open {
			s.lines = append(s.lines, strings.TrimRight(scanner.Text(), "\r"))
		}
		s.ended = !open
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
	}
}

// await waits until every line of want was printed, in whatever order and with other lines between.
func (s *terminal) await(want []string) {
	s.t.Helper()
	limit := time.After(patience)
	for {
		s.mu.Lock()
		got, more, ended := normal(s.lines), s.more, s.ended
		s.mu.Unlock()
		missing := slices.DeleteFunc(slices.Clone(want), func(text string) bool { return slices.Contains(got, text) })
		if len(missing) == 0 {
			return
		}
		if ended {
			s.t.Fatalf("%s ended without %q:\n%s", s.name, missing, strings.Join(got, "\n"))
		}
		select {
		case <-more:
		case <-limit:
			s.t.Fatalf("%s does not print %q:\n%s", s.name, missing, strings.Join(got, "\n"))
		}
	}
}

// find waits for a line that matches the pattern, and returns what its group matched.
func (s *terminal) find(pattern string) string {
	s.t.Helper()
	expression := regexp.MustCompile(pattern)
	limit := time.After(patience)
	for {
		s.mu.Lock()
		got, more, ended := strings.Join(s.lines, "\n"), s.more, s.ended
		s.mu.Unlock()
		if found := expression.FindStringSubmatch(got); found != nil {
			return found[1]
		}
		if ended {
			s.t.Fatalf("%s ended without %q:\n%s", s.name, pattern, got)
		}
		select {
		case <-more:
		case <-limit:
			s.t.Fatalf("%s does not print %q:\n%s", s.name, pattern, got)
		}
	}
}

// interrupt sends what Ctrl-C sends, and expects a clean end.
func (s *terminal) interrupt() {
	s.t.Helper()
	s.process.Process.Signal(syscall.SIGINT)
	limit := time.AfterFunc(patience, func() { s.process.Process.Kill() })
	defer limit.Stop()
	if err := s.process.Wait(); err != nil {
		s.t.Errorf("%s: %v", s.name, err)
	}
}

// buildIn builds a program, from a module outside of the workspace too.
func buildIn(t *testing.T, folder, pattern string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, pattern)
	build.Dir = folder
	build.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false") // the same for every folder of a test
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build of %s in %s: %v\n%s", pattern, folder, err, out)
	}
	return program
}

// hosts counts the loopback hosts that tests of this process use.
var hosts atomic.Uint32

// seedOnOwnHost returns the address of the seed in the README, on a loopback host of its own. All
// of 127.0.0.0/8 leads to this machine, and no other process takes the port there.
func seedOnOwnHost() string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d%s", 1+pid>>8%250, 1+pid%250, hosts.Add(1), strings.TrimPrefix(seedInREADME, "127.0.0.1"))
}

const seedInREADME = "127.0.0.1:7946"

// TestHelloInTwoTerminals does what the README says about examples/hello, and expects each line that it shows.
func TestHelloInTwoTerminals(t *testing.T) {
	t.Parallel()
	program, seed := buildIn(t, root, "./examples/hello"), seedOnOwnHost()
	args, shown := make(map[string][]string), make(map[string][]string)
	for _, b := range parse(t, "README.md").blocks {
		if b.language != "console" {
			continue
		}
		for _, c := range commandsOf(t, b) {
			if flags, ok := strings.CutPrefix(c.text, "go run ./examples/hello "); ok {
				name := regexp.MustCompile(`-gossip.name (\w+)`).FindStringSubmatch(flags)[1]
				args[name] = strings.Fields(strings.ReplaceAll(flags, seedInREADME, seed))
				shown[name] = normal(c.output)
			}
		}
	}
	if len(shown["alice"]) == 0 || len(shown["bob"]) == 0 {
		t.Fatalf("the README shows %v, want alice and bob", shown)
	}
	last := func(text string) bool { return text == "goodbye" || strings.Contains(text, "draining") }
	left := func(text string) bool { return last(text) || strings.Contains(text, "member left") }

	alice := begin(t, "alice", program, args["alice"]...)
	alice.await([]string{"hello from alice"})
	bob := begin(t, "bob", program, args["bob"]...)
	alice.await(slices.DeleteFunc(slices.Clone(shown["alice"]), left))
	bob.await(slices.DeleteFunc(slices.Clone(shown["bob"]), last))
	bob.interrupt()
	bob.await(shown["bob"])
	alice.await(slices.DeleteFunc(slices.Clone(shown["alice"]), last))
	alice.interrupt()
	alice.await(shown["alice"])
}
