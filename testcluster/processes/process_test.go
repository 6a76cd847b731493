//go:build unix

package processes_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// child is a member in a process of its own.
type child struct {
	t       *testing.T
	name    string
	address string
	command *exec.Cmd

	mu      sync.Mutex
	lines   []line
	changed chan struct{} // closed at the next line
}

// startChild runs a member until the end of the test.
func startChild(t *testing.T, config cluster.Config) *child {
	t.Helper()
	return runCommand(t, config.Name, childCommand(t, config))
}

// runCommand runs what childCommand gave, perhaps with changes.
func runCommand(t *testing.T, name string, command *exec.Cmd) *child {
	t.Helper()
	stdout, err1 := command.StdoutPipe()
	_, err2 := command.StdinPipe() // its end ends the child, should this process die
	for _, err := range []error{err1, err2, command.Start()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c := &child{t: t, name: name, command: command, changed: make(chan struct{})}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read(stdout)
	}()
	t.Cleanup(func() {
		command.Process.Kill() // also one that is stopped
		<-read
		command.Wait()
	})
	c.await(15*time.Second, "says where it is", func(lines []line) bool { return len(lines) > 0 })
	c.address = c.since(0)[0].Address
	return c
}

func childCommand(t *testing.T, config cluster.Config) *exec.Cmd {
	t.Helper()
	encoded, err := json.Marshal(map[string]any{"Name": config.Name, "Cluster": config.Cluster, "Bind": config.Bind,
		"Join": config.Join, "Secret": config.Secret, "Metadata": config.Metadata, "PeersFile": config.PeersFile})
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program)
	command.Env = append(os.Environ(), childConfig+"="+string(encoded))
	return command
}

func (c *child) read(from io.Reader) {
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			continue
		}
		c.mu.Lock()
		c.lines = append(c.lines, l)
		close(c.changed)
		c.changed = make(chan struct{})
		c.mu.Unlock()
	}
}

// await waits until what the child has written is right.
func (c *child) await(patience time.Duration, what string, right func([]line) bool) {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		lines, changed := c.lines, c.changed
		c.mu.Unlock()
		if right(lines) {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			c.t.Fatalf("%s: not after %v: %s; it wrote %v", c.name, patience, what, lines)
		}
	}
}

func (c *child) awaitNames(patience time.Duration, want ...string) {
	c.t.Helper()
	c.await(patience, strings.Join(want, ","), func(lines []line) bool { return slices.Equal(latest(lines), want) })
}

func latest(lines []line) []string {
	for _, l := range slices.Backward(lines) {
		if l.Names != nil {
			return l.Names
		}
	}
	return nil
}

// mark and since tell what the child wrote from some moment on.
func (c *child) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.lines)
}

func (c *child) since(mark int) []line {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines[mark:]
}

func (c *child) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.command.Process.Signal(s); err != nil {
		c.t.Fatalf("%v to %s: %v", s, c.name, err)
	}
}
