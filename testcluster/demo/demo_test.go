//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test's own binary be the children: they are this program, executed again.
func TestMain(m *testing.M) {
	if childRequested() {
		runChild()
		return
	}
	if os.Getenv("GRAPEVINE_DEMO_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// demo prepares a run of the demo as a process of its own.
func demo(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, os.Args[0], args...)
	command.Env = append(os.Environ(), "GRAPEVINE_DEMO_MAIN=1")
	return command
}

// runDemo plays acts to their end and gives what -json wrote.
func runDemo(t *testing.T, args ...string) (r result, out []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "result.json")
	out, err := demo(t.Context(), append(args, "-json", file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("demo: %v\n%s", err, out)
	}
	encoded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &r); err != nil {
		t.Fatal(err)
	}
	return r, out
}

// TestFault23_RollingRestartUnderLoad stops each of three servers with SIGTERM and starts it anew, while a caller with
// endpoint.Retry calls them: not one call fails.
func TestFault23_RollingRestartUnderLoad(t *testing.T) {
	t.Parallel()
	r, out := runDemo(t, "-n", "3", "-rate", "500", "-acts", "rolling,rolling")
	if !r.OK || r.Failed != 0 || len(r.Acts) != 2 || r.Acts[0].Calls < 100 || r.Acts[1].Calls < 100 {
		t.Errorf("result: %+v\n%s", r, out)
	}
}

func TestFault13_KillAndReplaceOfRealProcesses(t *testing.T) {
	t.Parallel()
	r, out := runDemo(t, "-n", "3", "-rate", "100", "-acts", "kill,replace,term")
	if !r.OK || r.Failed != 0 || r.Members != 4 || r.Calls < 100 || r.ConvergeMS <= 0 {
		t.Errorf("result: %+v", r)
	}
	var played []string
	for _, act := range r.Acts {
		played = append(played, act.Act)
		if act.Calls == 0 || act.ViewMS <= 0 {
			t.Errorf("act %+v: want calls and a time", act)
		}
	}
	if got := strings.Join(played, ","); got != "kill,replace,term" {
		t.Errorf("acts %s", got)
	}
	if len(r.Instances) != 3 || r.Instances[0].Name != "node-1" {
		t.Errorf("instances %+v", r.Instances)
	}
	if !strings.Contains(string(out), "ok: every call succeeded") {
		t.Errorf("no verdict in\n%s", out)
	}
}

// TestFault12_StarvedProcess has a process of three get CPU time now and then: nobody removes it, nor does it remove anybody.
func TestFault12_StarvedProcess(t *testing.T) {
	t.Parallel()
	r, out := runDemo(t, "-n", "3", "-rate", "100", "-acts", "starve")
	if !r.OK || r.Failed != 0 || len(r.Acts) != 1 {
		t.Errorf("result: %+v\n%s", r, out)
	}
}

func TestInterruptLeavesNoProcess(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := demo(ctx, "-n", "3", "-acts", "pause") // a stopped child must go too
	var out tail
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(out.String(), "SIGSTOP") {
		if ctx.Err() != nil {
			t.Fatalf("the act does not begin:\n%s", out.String())
		}
		time.Sleep(10 * time.Millisecond) // real processes: there is nothing to wait on but what they write
	}
	children := childrenOf(t, command.Process.Pid)
	if len(children) != 3 {
		t.Errorf("%d children while it runs, want 3", len(children))
	}
	command.Process.Signal(syscall.SIGINT)
	if err := command.Wait(); command.ProcessState.ExitCode() != 2 {
		t.Errorf("interrupted: %v, want exit status 2\n%s", err, out.String())
	}
	for _, child := range children {
		if err := syscall.Kill(child, 0); err == nil {
			t.Errorf("child %d is still there", child)
		}
	}
}

func childrenOf(t *testing.T, parent int) (children []int) {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(stats) == 0 {
		t.Skip("this system has no /proc to find the children in")
	}
	for _, stat := range stats {
		content, err := os.ReadFile(stat)
		if err != nil {
			continue // it ended meanwhile
		}
		if pid, ppid := parseStat(string(content)); ppid == parent {
			children = append(children, pid)
		}
	}
	return children
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		args string
		want string // in the error; "" for none
	}{
		"defaults":    {"", ""},
		"subset":      {"-acts rolling,kill", ""},
		"too few":     {"-n 2", "-n 2"},
		"no calls":    {"-rate 0", "-rate 0"},
		"unknown act": {"-acts kill,explode", `"explode": use any of kill, replace, term, rolling, pause, starve`},
		"stray":       {"now", `"now"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(strings.Fields(tt.args))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("parse(%q) = %v, want an error with %q", tt.args, err, tt.want)
			}
		})
	}
}

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i)*time.Millisecond)
	}
	for name, tt := range map[string]struct {
		of      []time.Duration
		percent int
		want    float64
	}{
		"none":   {nil, 50, 0},
		"one":    {hundred[:1], 99, 100},
		"median": {hundred, 50, 50},
		"p99":    {hundred, 99, 99},
	} {
		t.Run(name, func(t *testing.T) {
			if got := percentile(tt.of, tt.percent); got != tt.want {
				t.Errorf("percentile %d = %v, want %v", tt.percent, got, tt.want)
			}
		})
	}
}

// parseStat takes the process and its parent out of a line of /proc/PID/stat: the program's name stands between them, in
// parentheses, and may hold anything.
func parseStat(line string) (pid, parent int) {
	var state string
	fmt.Sscan(line, &pid)
	fmt.Sscan(line[strings.LastIndexByte(line, ')')+1:], &state, &parent)
	return pid, parent
}
