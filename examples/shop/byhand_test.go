package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
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

// printed is what a process has written so far.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// TestByHand runs the commands under "Run the services by hand" in README.md, each process in order, and compares the answers
// to its two requests.
func TestByHand(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n## Run the services by hand\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("README.md has no such section")
	}
	gossip, web := freePort(t), freePort(t)
	section = strings.NewReplacer("127.0.0.1:7946", gossip, "127.0.0.1:8080", web, "\\\n", " ").Replace(section)
	folder := t.TempDir()
	environment := append(os.Environ(), "GOSSIP_SECRET="+strings.Repeat("0123456789abcdef", 4), "GOSSIP_CLUSTER=shop")
	var answers int
	lines := strings.Split(section, "\n")
	for i, line := range lines {
		typed, isCommand := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		typed = regexp.MustCompile(`\s{2,}# .*$`).ReplaceAllString(typed, "")
		switch words := strings.Fields(typed); {
		case !isCommand || strings.HasPrefix(typed, "(umask") || words[0] == "export": // the secret is in environment
		case words[0] == "go":
			program := filepath.Join(t.TempDir(), "program")
			if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, words[2]).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			arguments, file, toFile := strings.Cut(strings.Join(words[3:], " "), " > ")
			process := exec.Command(program, strings.Fields(arguments)...)
			process.Dir, process.Env = folder, environment
			if toFile {
				out, err := process.Output()
				if err == nil {
					err = os.WriteFile(filepath.Join(folder, file), out, 0o600)
				}
				if err != nil {
					t.Fatalf("%s: %v", typed, err)
				}
				continue
			}
			run(t, process)
		case words[0] == "curl":
			answers++
			want := regexp.MustCompile(`[0-9A-Z]{26}|\d{4}-\d\d-\d\dT[^"]*`)
			got := want.ReplaceAllString(request(t, folder, typed), "*")
			if shown := want.ReplaceAllString(strings.TrimSpace(lines[i+1]), "*"); got != shown {
				t.Errorf("%s\nanswers %s\nwant    %s", typed, got, shown)
			}
		default:
			t.Errorf("command %q is not known to this test", typed)
		}
	}
	if answers == 0 {
		t.Error("no request was made")
	}
}

// run starts a process, and at the end of the test stops it and expects a clean end.
func run(t *testing.T, process *exec.Cmd) {
	t.Helper()
	out := new(printed)
	process.Stdout, process.Stderr = out, out
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Signal(syscall.SIGTERM)
		limit := time.AfterFunc(patience, func() { process.Process.Kill() })
		defer limit.Stop()
		if err := process.Wait(); err != nil {
			t.Errorf("%v: %v\n%s", process.Args, err, out)
		}
	})
	for limit := time.Now().Add(patience); !strings.Contains(out.String(), "cluster: started"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%v has not started:\n%s", process.Args, out)
		}
	}
}

// request sends what a curl command says, until the shop is complete and the answer is one of the service.
func request(t *testing.T, folder, typed string) string {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(folder, "ann.token"))
	if err != nil {
		t.Fatal(err)
	}
	typed = strings.ReplaceAll(typed, "$(cat ann.token)", strings.TrimSpace(string(token)))
	address := regexp.MustCompile(`http://\S+`).FindString(typed)
	body := regexp.MustCompile(`-d '([^']*)'`).FindStringSubmatch(typed)
	headers := regexp.MustCompile(`-H ['"]([^:]+): ([^'"]*)['"]`).FindAllStringSubmatch(typed, -1)
	if address == "" || body == nil || len(headers) == 0 {
		t.Fatalf("%q: no address, header or body", typed)
	}
	for limit := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body[1]))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range headers {
			r.Header.Set(h[1], h[2])
		}
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			answer, _ := io.ReadAll(response.Body)
			response.Body.Close()
			switch response.StatusCode {
			case http.StatusServiceUnavailable, http.StatusGatewayTimeout: // catalog or pricing is not there yet
			default:
				return strings.TrimSpace(string(answer))
			}
		}
		if time.Now().After(limit) {
			t.Fatalf("no answer to %q: %v", typed, err)
		}
	}
}

// freePort returns an address of loopback that was free a moment ago. Its port lies below those that
// the system hands out, so that no connection of another process takes it meanwhile.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		packets, err := net.ListenPacket("udp", address)
		_ = listener.Close()
		if err == nil {
			_ = packets.Close()
			return address
		}
	}
	t.Fatal("no free port of 127.0.0.1 was found")
	return ""
}
