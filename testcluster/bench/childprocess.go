package main

import (
	"bufio"
	"bytes"
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

const (
	helloPatience = 30 * time.Second // for a child to do what it is there for
	endPatience   = 30 * time.Second // for it to end after SIGTERM
)

// process is a child of this one, which ends when this one does.
type process struct {
	name    string
	address string // of its gossip
	command *exec.Cmd
	stdin   io.Closer
	stderr  tail
	ended   chan struct{} // closed when it has ended and err is set
	err     error

	mu   sync.Mutex
	line []byte // the last one that it wrote
}

// spawn starts a child and waits for its hello.
func spawn(s childSpec) (*process, error) {
	program, err1 := os.Executable()
	encoded, err2 := json.Marshal(s)
	p := &process{name: s.Name, command: exec.Command(program), ended: make(chan struct{})}
	p.command.Env = append(os.Environ(), childVariable+"="+string(encoded))
	p.command.Stderr = &p.stderr
	stdin, err3 := p.command.StdinPipe()
	stdout, err4 := p.command.StdoutPipe()
	for _, err := range []error{err1, err2, err3, err4, p.command.Start()} {
		if err != nil {
			return nil, fmt.Errorf("start %s: %w", s.Name, err)
		}
	}
	p.stdin = stdin
	greeted := make(chan struct{})
	go p.read(stdout, greeted)
	if err := p.await(greeted); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// read takes all lines, then the end. The first is the hello.
func (p *process) read(from io.Reader, greeted chan<- struct{}) {
	lines := bufio.NewScanner(from)
	for first := true; lines.Scan(); first = false {
		p.mu.Lock()
		p.line = bytes.Clone(lines.Bytes())
		p.mu.Unlock()
		if first {
			close(greeted)
		}
	}
	p.err = p.command.Wait()
	close(p.ended)
}

func (p *process) await(greeted <-chan struct{}) error {
	select {
	case <-greeted:
		var h hello
		err := p.last(&h)
		p.address = h.Address
		return err
	case <-p.ended:
		return fmt.Errorf("%s ended before it began: %s", p.name, p.stderr.String())
	case <-time.After(helloPatience):
		return fmt.Errorf("%s has not begun after %v: %s", p.name, helloPatience, p.stderr.String())
	}
}

// last decodes the last line.
func (p *process) last(line any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return json.Unmarshal(p.line, line)
}

// kill is kill -9, and waits.
func (p *process) kill() {
	p.command.Process.Kill() // it may have ended
	<-p.ended
	p.stdin.Close()
}

// terminate is SIGTERM, and waits. That it does not end cleanly is an error.
func (p *process) terminate() error {
	defer p.kill()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("%s: %w: %s", p.name, err, p.stderr.String())
	}
	select {
	case <-p.ended:
	case <-time.After(endPatience):
		return fmt.Errorf("%s has not ended %v after SIGTERM", p.name, endPatience)
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w: %s", p.name, p.err, p.stderr.String())
	}
	return nil
}

// tail keeps the end of what is written.
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
