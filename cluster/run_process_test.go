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
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	childVariable = "GRAPEVINE_RUN_CHILD" // how long a call takes
	childSeed     = "GRAPEVINE_RUN_SEED"  // a seed; with it, build waits until the node is ready
)

// TestRunChild is the main of the processes that the tests below start. It serves calls that take
// as long as the variable states, and prints a line when one has begun. A call of "/end" ends it,
// as signals do.
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
	if seed := os.Getenv(childSeed); seed != "" {
		config.Join = []string{seed}
	}
	err = cluster.Run(ctx, config, func(node *cluster.Node) ([]cluster.Offer, error) {
		fmt.Println("building at", node.Address())
		if err := node.Ready(context.Background()); err != nil {
			return nil, err
		}
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
	gossip  string
	address string
	answer  chan string
	work    sync.WaitGroup
}

func startRunChild(t *testing.T, takes string) *runChild {
	c := startRunMember(t, takes, "")
	c.address = strings.TrimPrefix(c.await("serves "), "serves ")
	c.work.Go(func() { c.answer <- c.get("/") })
	c.await("called")
	return c
}

// startRunMember is a process that builds.
func startRunMember(t *testing.T, takes, seed string) *runChild {
	c := &runChild{t: t, command: exec.Command(os.Args[0], "-test.run=^TestRunChild$"), answer: make(chan string, 1)}
	c.command.Env = append(os.Environ(), childVariable+"="+takes, childSeed+"="+seed)
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
		c.command.Wait()         // an error where the test has waited
		c.work.Wait()
	})
	c.lines = bufio.NewScanner(out)
	c.gossip = strings.TrimPrefix(c.await("building at "), "building at ")
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
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			c := startRunChild(t, "1s")
			c.command.Process.Signal(signal)
			c.wantOrderlyEnd()
		})
	}
}

// TestRunCatchesASignalWhileItEnds has the signal come when the end was begun by something else.
func TestRunCatchesASignalWhileItEnds(t *testing.T) {
	t.Parallel()
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

// TestRunSignalDuringBuild has the signal come while build waits for a seed that is not there.
func TestRunSignalDuringBuild(t *testing.T) {
	c := startRunMember(t, "1s", "127.0.0.1:1")
	c.command.Process.Signal(syscall.SIGTERM)
	for c.lines.Scan() {
		t.Log(c.lines.Text())
	}
	if err := c.command.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
}

// TestFault10_EndBesideAStoppedProcess stops one of three processes and ends another, with none
// suspected and with one that is: docker stop leaves 10 s.
func TestFault10_EndBesideAStoppedProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	t.Parallel()
	for _, before := range []time.Duration{0, 3 * time.Second} {
		t.Run(before.String(), func(t *testing.T) {
			t.Parallel()
			seed := startRunMember(t, "0s", "")
			stopped, ends := startRunMember(t, "0s", seed.gossip), startRunMember(t, "0s", seed.gossip)
			for _, c := range []*runChild{seed, stopped, ends} {
				c.await("serves ")
			}
			time.Sleep(time.Second) // until all know each other
			stopped.command.Process.Signal(syscall.SIGSTOP)
			time.Sleep(before) // the fault itself
			began := time.Now()
			ends.command.Process.Signal(syscall.SIGTERM)
			for ends.lines.Scan() {
				t.Log(ends.lines.Text())
			}
			if err := ends.command.Wait(); err != nil {
				t.Errorf("the process ended with %v", err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v", took)
			} else {
				t.Logf("it took %v", took)
			}
		})
	}
}
