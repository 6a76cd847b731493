package examples_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDNS runs the commands of the example's README, on a loopback host of its own, and compares what they print.
func TestDNS(t *testing.T) {
	t.Parallel()
	for program, debian := range map[string]string{"dig": "bind9-dnsutils", "curl": "curl", "python3": "python3", "nginx": "nginx-light"} {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("there is no %s: apt-get install %s", program, debian)
		}
		t.Skipf("skipped: there is no %s: apt-get install %s", program, debian)
	}
	pid := os.Getpid()
	host := fmt.Sprintf("127.%d.%d.77", 1+pid>>8%250, 1+pid%250)
	ours := func(text string) string { return strings.ReplaceAll(text, "127.0.0.1", host) }
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join("dns", name))
		if err != nil {
			t.Fatal(err)
		}
		return ours(string(content))
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil { // nginx of root has workers of another user
		t.Fatal(err)
	}
	config := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(config, []byte(read("nginx.conf")), 0o644); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, command := range shown(read("README.md")) {
		ran++
		program, args, _ := strings.Cut(command.text, " ")
		switch program {
		case "go": // go run ./examples/dns
			service := start(t, "dns", strings.Fields(args)[2:]...)
			service.await(ours(`catalog-1 serves http://127.0.0.1:8080 and gossips at `))
			awaitAnswer(t, "http://"+host+":8080/")
			defer service.terminate()
		case "nginx":
			proxy := exec.Command("nginx", "-e", "stderr", "-p", folder, "-c", config)
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				proxy.Process.Signal(syscall.SIGTERM)
				limit := time.AfterFunc(patience, func() { proxy.Process.Kill() })
				proxy.Wait()
				limit.Stop()
			}()
			awaitAnswer(t, "http://"+host+":8000/")
		default:
			out, err := exec.Command("bash", "-c", command.text).CombinedOutput()
			if err != nil || string(out) != command.output {
				t.Errorf("%s\nprints %q, %v, want %q", command.text, out, err, command.output)
			}
		}
	}
	if ran != 5 {
		t.Errorf("%d commands ran, want 5", ran)
	}
}

type shownCommand struct{ text, output string }

// shown returns the commands of the console blocks of a document, and what it shows of their output.
func shown(document string) (commands []shownCommand) {
	inside, continued := false, false
	for text := range strings.Lines(document) {
		typed, isCommand := strings.CutPrefix(text, "$ ")
		switch {
		case strings.HasPrefix(text, "```"):
			inside = strings.HasPrefix(text, "```console")
		case !inside:
		case isCommand || continued:
			if isCommand {
				commands = append(commands, shownCommand{})
			} else {
				typed = strings.TrimSpace(text) + "\n"
			}
			typed, continued = strings.CutSuffix(strings.TrimSuffix(typed, "\n"), `\`)
			commands[len(commands)-1].text += typed
		default:
			commands[len(commands)-1].output += text
		}
	}
	return commands
}

// awaitAnswer waits until something accepts connections, and so serves, at the address.
func awaitAnswer(t *testing.T, address string) {
	t.Helper()
	at := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")
	for limit := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", at)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
	}
}
