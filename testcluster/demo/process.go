//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startLimit is how long a child may take until it serves, endLimit until it has ended after SIGTERM.
const (
	startLimit = 15 * time.Second
	endLimit   = 15 * time.Second
)

// process is a child.
type process struct {
	name    string
	address string // of its service
	command *exec.Cmd
	stdin   io.Closer
	ended   chan struct{} // closed when it has ended and err is set
	err     error
	stderr  tail
}

// spawn starts a child and waits until it serves.
func spawn(ctx context.Context, name, join string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	p := &process{name: name, command: exec.Command(program), ended: make(chan struct{})}
	p.command.Env = append(os.Environ(), childName+"="+name, childJoin+"="+join, childSecret+"="+secret)
	p.command.Stderr = &p.stderr
	stdin, err1 := p.command.StdinPipe()
	stdout, err2 := p.command.StdoutPipe()
	for _, err := range []error{err1, err2, p.command.Start()} {
		if err != nil {
			return nil, fmt.Errorf("cannot start %s: %w", name, err)
		}
	}
	p.stdin = stdin
	first := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n')
		first <- line
		p.err = p.command.Wait()
		close(p.ended)
	}()
	if err := p.awaitHello(ctx, first); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

func (p *process) awaitHello(ctx context.Context, first <-chan string) error {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case line := <-first:
		var h hello
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			return fmt.Errorf("cannot start %s: it ended before it served: %s", p.name, p.stderr.String())
		}
		p.address = h.Address
		return nil
	case <-limit.C:
		return fmt.Errorf("cannot start %s: it does not serve after %v: %s", p.name, startLimit, p.stderr.String())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *process) signal(s syscall.Signal) error {
	if err := p.command.Process.Signal(s); err != nil {
		return fmt.Errorf("cannot send %v to %s: %w", s, p.name, err)
	}
	return nil
}

// kill ends the process for certain, a stopped one too, and waits.
func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
	p.stdin.Close()
}

// terminate asks the process to end and waits. That it could not end cleanly is an error.
func (p *process) terminate(ctx context.Context) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	limit := time.NewTimer(endLimit)
	defer limit.Stop()
	select {
	case <-p.ended:
	case <-limit.C:
		return fmt.Errorf("%s has not ended %v after SIGTERM: %s", p.name, endLimit, p.stderr.String())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if p.err != nil {
		return fmt.Errorf("%s did not end cleanly: %w: %s", p.name, p.err, p.stderr.String())
	}
	return nil
}

// tail keeps the end of what a process writes.
type tail struct {
	mu  sync.Mutex
	end []byte
}

const tailSize = 2000 // bytes

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	t.end = bytes.Clone(t.end[max(0, len(t.end)-tailSize):])
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.end))
}
