package dnsendpoint_test

// The tests in files clients*_linux_test.go ask a server with the programs that users have. Each has a loopback host of its
// own for the ports of its daemons: Linux alone has all of 127.0.0.0/8 for its own.

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/endpoint/dnsendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	patience = 30 * time.Second // on a busy machine
	zone     = "prod.internal."
)

// packageOf is Debian's package of each program.
var packageOf = map[string]string{
	"dig": "bind9-dnsutils", "drill": "ldnsutils", "kdig": "knot-dnsutils", "dnsperf": "dnsperf", "unbound": "unbound",
	"dnsmasq": "dnsmasq-base", "nginx": "nginx-light", "haproxy": "haproxy", "curl": "curl", "python3": "python3", "unshare": "util-linux",
}

// program returns the path of a program. CI has all of them; elsewhere the test is skipped without it.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path
		}
	}
	missing(t, "there is no %s: apt-get install %s", name, packageOf[name])
	return ""
}

// missing fails the test where $CI is set, as in .ci/run, and skips it elsewhere.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf("skipped: "+format, args...)
}

// output runs a program that ends by itself.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := attempt(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func attempt(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, program(t, name), args...)
	command.WaitDelay = time.Second
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "no_proxy=*", "LC_ALL=C") // no settings of the user's
	out, err := command.CombinedOutput()
	return string(out), err
}

// daemon runs a program in the foreground until the test ends.
func daemon(t *testing.T, name string, args ...string) {
	t.Helper()
	command := exec.Command(program(t, name), args...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Signal(syscall.SIGTERM) // dnsmasq, haproxy, nginx and unbound end by it, with their children
		limit := time.AfterFunc(patience, func() { command.Process.Kill() })
		command.Wait()
		limit.Stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, said.String())
		}
	})
}

var hosts atomic.Uint32

// ownHost returns a loopback host that no other test and no other process uses.
func ownHost() string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 1+pid>>8%250, 1+pid%250, hosts.Add(1))
}

// file writes a configuration and returns its path.
func file(t *testing.T, name, format string, args ...any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// eventually calls check until it returns "", and fails with the last fault that it returned.
func eventually(t *testing.T, check func() (fault string)) {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		fault := check()
		if fault == "" {
			return
		}
		if time.Now().After(limit) {
			t.Fatal(fault)
		}
	}
}

// directory is a store with the instances of services, and the server that answers for it.
type directory struct {
	*membership.Store
	address netip.AddrPort
	mu      sync.Mutex
	boots   uint64
}

// newDirectory serves on a free port of loopback until the test ends.
func newDirectory(t *testing.T) *directory {
	t.Helper()
	d := &directory{Store: membership.NewStore("me"), boots: 1}
	d.Apply(membership.Heard{Record: membership.Record{Name: "me", Boot: membership.Boot{Number: 1, ID: 1}, Version: 1}})
	d.address = serve(t, d.View())
	return d
}

func serve(t *testing.T, view *membership.View) netip.AddrPort {
	t.Helper()
	config := dnsendpoint.Config{Addresses: []string{":0"}, Zone: zone}
	listener, err := config.Listen(view)
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() { listener.Serve() })
	t.Cleanup(func() {
		if err := listener.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		work.Wait()
	})
	return listener.Addr()
}

func (d *directory) host() string { return d.address.Addr().String() }
func (d *directory) port() string { return fmt.Sprint(d.address.Port()) }

// join lists a member that offers services.
func (d *directory) join(member string, services ...membership.Service) {
	d.mu.Lock()
	d.boots++
	boot := membership.Boot{Number: d.boots, ID: d.boots}
	d.mu.Unlock()
	d.Apply(membership.Heard{Record: membership.Record{Name: member, Boot: boot, Version: 1, Zone: "z1", Services: services}},
		membership.Up{Name: member, BootID: boot.ID})
}

// drain announces that a member drains.
func (d *directory) drain(member string) {
	r, _ := d.Record(member)
	r = r.Clone()
	r.Version++
	r.State = membership.Draining
	d.Apply(membership.Heard{Record: r})
}

// catalog lists n instances of the service catalog, 10.0.0.1:8001, 10.0.0.2:8002 and so on, of equal weight.
func (d *directory) catalog(n int) {
	for i := 1; i <= n; i++ {
		d.join(fmt.Sprintf("catalog-%d", i), membership.Service{Name: "catalog", Version: "v2", Tags: []string{"canary"},
			Address: fmt.Sprintf("10.0.0.%d:%d", i, 8000+i), Metadata: map[string]string{"alpn": "h2"}})
	}
}

// lines returns the lines of text in order, without spaces around and without empty ones.
func lines(text string) []string {
	all := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
	for i, line := range all {
		all[i] = strings.Join(strings.Fields(line), " ")
	}
	slices.Sort(all)
	return all
}

func checkLines(t *testing.T, got string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if all := lines(got); !slices.Equal(all, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(all, "\n"), strings.Join(want, "\n"))
	}
}

// checkHas expects each text in what a program printed.
func checkHas(t *testing.T, printed string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(printed, text) {
			t.Errorf("no %q in:\n%s", text, printed)
		}
	}
}
