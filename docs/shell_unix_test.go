//go:build unix

package docs_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// shell returns a command for bash. When ctx is done, all that the command has started is killed, not
// only bash.
func shell(ctx context.Context, text string) *exec.Cmd {
	process := exec.CommandContext(ctx, "bash", "-c", text)
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error { return syscall.Kill(-process.Process.Pid, syscall.SIGKILL) }
	return process
}

// TestShellIsKilledWithItsChildren has a command start a program that goes on, and be given up. Its
// output ends once nobody is left that could write.
func TestShellIsKilledWithItsChildren(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	process := shell(ctx, "sleep 600 & echo started; wait")
	process.Stdout = write
	err = process.Start()
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(read, make([]byte, len("started\n"))); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := process.Wait(); err == nil {
		t.Error("the command was not killed")
	}
	read.SetReadDeadline(time.Now().Add(30 * time.Second)) // on a busy machine
	if _, err := io.ReadAll(read); err != nil {
		t.Errorf("what the command has started goes on: %v", err)
	}
}
