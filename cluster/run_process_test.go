//go:build unix

package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

const childVariable = "GRAPEVINE_RUN_CHILD"

// TestRunChild is the main of the processes that the tests below start: it serves calls that take as long as the variable
// says, and says when one has begun. It is told to end by "/end" as well as by signals.
func TestRunChild(t *testing.T) {
	takes, err := time.ParseDuration(os.Getenv(childVariable))
	if err != nil {
		t.Skip("for the tests of processes")
	}
	ctx, cancel := context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("/end", func(http.ResponseWriter, *http.Request) { cancel() })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Println("called")
		time.Sleep(takes)
		io.WriteString(w, "answer")
	})
	config := cluster.Config{Logger: zerolog.New(os.Stdout)}
	err = cluster.Run(ctx, config, func(*cluster.Node) ([]cluster.Offer, error) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		fmt.Println("serves", listener.Addr())
		service := membership.Service{Name: "users"}
		return []cluster.Offer{{Service: service, Listener: listener, Server: &http.Server{Handler: mux}}}, nil
	})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runChild is a process whose call is in flight.
type runChild struct {
	t       *testing.T
	command *exec.Cmd
	lines   *bufio.Scanner
	address string
	answer  chan string
}

func startRunChild(t *testing.T, takes string) *runChild {
	c := &runChild{t: t, command: exec.Command(os.Args[0], "-test.run=^TestRunChild$"), answer: make(chan string, 1)}
	c.command.Env = append(os.Environ(), childVariable+"="+takes)
	out, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(patience, func() { c.command.Process.Kill() })
	t.Cleanup(func() {
		limit.Stop()
		c.command.Process.Kill() // no more than a signal to one that has ended
	})
	c.lines = bufio.NewScanner(out)
	c.address = strings.TrimPrefix(c.await("serves "), "serves ")
	go func() { c.answer <- c.get("/") }()
	c.await("called")
	return c
}

// await gives the next line that holds text.
func (c *runChild) await(text string) string {
	c.t.Helper()
	for c.lines.Scan() {
		if strings.Contains(c.lines.Text(), text) {
			return c.lines.Text()
		}
	}
	c.t.Fatalf("the process ended before it wrote %q", text)
	return ""
}

func (c *runChild) get(path string) string {
	response, err := http.Get("http://" + c.address + path)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return string(body)
}

// wantOrderlyEnd expects that the call in flight is answered, and that the process says that all went well.
func (c *runChild) wantOrderlyEnd() {
	c.t.Helper()
	if answer := <-c.answer; answer != "answer" {
		c.t.Errorf("the call in flight gave %q", answer)
	}
	for c.lines.Scan() {
		c.t.Log(c.lines.Text())
	}
	if err := c.command.Wait(); err != nil {
		c.t.Errorf("the process ended with %v", err)
	}
}

func TestRunEndsBySignals(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			c := startRunChild(t, "1s")
			c.command.Process.Signal(signal)
			c.wantOrderlyEnd()
		})
	}
}

// TestRunCatchesASignalWhileItEnds has the signal come when the end was begun by something else.
func TestRunCatchesASignalWhileItEnds(t *testing.T) {
	c := startRunChild(t, "1s")
	c.get("/end")
	c.await("draining, to end")
	c.command.Process.Signal(syscall.SIGTERM)
	c.wantOrderlyEnd()
}

// TestRunSecondSignal ends a process at once that waits for a call of an hour.
func TestRunSecondSignal(t *testing.T) {
	c := startRunChild(t, "1h")
	begin := time.Now()
	c.command.Process.Signal(syscall.SIGTERM)
	c.await("draining, to end")
	c.command.Process.Signal(syscall.SIGTERM)
	c.command.Wait()
	if status := c.command.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("after a second signal, the process ended with %v", c.command.ProcessState)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
