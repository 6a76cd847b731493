package processes_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

var hostsMade atomic.Int64

// twoHosts makes hosts as cabledHosts does, of which each drops what rule says (nft's language) of
// what comes in or goes out. It skips the test where that may not be done.
func twoHosts(t *testing.T, hook, rule string) (names [2]string) {
	t.Helper()
	names = cabledHosts(t)
	for _, host := range names {
		if err := inside(host, "nft", fmt.Sprintf("add table inet faults; add chain inet faults drops { type filter hook %s priority 0; }; add rule inet faults drops %s", hook, rule)); err != nil {
			t.Skipf("skipped: packets cannot be dropped here: %v", err)
		}
	}
	return names
}

// cabledHosts makes two network namespaces joined by a cable, as hosts: the first has 10.77.0.1
// there, the second 10.77.0.2. It skips the test where that may not be done.
func cabledHosts(t *testing.T) (names [2]string) {
	t.Helper()
	for i := range names {
		names[i] = fmt.Sprintf("grapevine-%d-%d", os.Getpid(), hostsMade.Add(1))
		if err := tool("ip", "netns", "add", names[i]); err != nil {
			t.Skipf("skipped: network namespaces cannot be made here: %v", err)
		}
		t.Cleanup(func() { tool("ip", "netns", "del", names[i]) })
	}
	noErrors(t, tool("ip", "link", "add", "cable", "netns", names[0], "type", "veth", "peer", "name", "cable", "netns", names[1]))
	for i, host := range names {
		noErrors(t,
			inside(host, "ip", "address", "add", fmt.Sprintf("10.77.0.%d/24", i+1), "dev", "cable"),
			inside(host, "ip", "link", "set", "lo", "up"),
			inside(host, "ip", "link", "set", "cable", "up"))
	}
	for _, host := range names {
		awaitCarrier(t, host)
	}
	return names
}

// awaitCarrier waits until the system reports that the cable of a host carries something. It does so
// a while after both ends are up, and until then a member does not count the cable as a link.
func awaitCarrier(t *testing.T, host string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		state, err := exec.Command("ip", "netns", "exec", host, "ip", "-brief", "link", "show", "cable").Output()
		if err != nil || time.Since(began) > processPatience {
			t.Fatalf("the cable of %s is not up: %s, %v", host, state, err)
		}
		if fields := strings.Fields(string(state)); len(fields) > 1 && fields[1] == "UP" {
			return
		}
	}
}

// inside runs a command on a host.
func inside(host string, command ...string) error {
	return tool("ip", append([]string{"netns", "exec", host}, command...)...)
}

func noErrors(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func tool(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// startOn runs a member on a host that twoHosts made.
func startOn(t *testing.T, host string, config cluster.Config, said *lockedBuffer) *child {
	t.Helper()
	command := childCommand(t, config)
	there := exec.Command("ip", append([]string{"netns", "exec", host}, command.Args...)...)
	there.Env, there.Stderr = command.Env, said
	return runCommand(t, config.Name, there)
}

// overBadCable runs a member on each of two hosts whose datagrams do not all get through. They find each other, warn once
// each, of large datagrams alone or of all, and keep each other for longer than SWIM's patience.
func overBadCable(t *testing.T, hook, rule string, largeOnly bool) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	t.Parallel()
	hosts := twoHosts(t, hook, rule)
	var said [2]lockedBuffer
	var children []*child
	secret := cluster.NewSecret()
	for i, host := range hosts {
		config := cluster.Config{Name: fmt.Sprintf("m%d", i+1), Cluster: "one", Secret: secret, Bind: fmt.Sprintf("10.77.0.%d:7946", i+1),
			Join: []string{"10.77.0.1:7946"}, Metadata: map[string]string{"large": strings.Repeat("x", 900)}}
		children = append(children, startOn(t, host, config, &said[i]))
	}
	for _, child := range children {
		child.awaitNames(processPatience, "m1", "m2")
	}
	marks := marksOf(children)
	time.Sleep(10 * time.Second) // the fault itself
	checkKept(t, children, marks, "m1", "m2")
	for i := range said {
		const warning = "do not get through"
		for began := time.Now(); !strings.Contains(said[i].String(), warning) && time.Since(began) < processPatience; {
			time.Sleep(50 * time.Millisecond) // a starved process asks longer before it is sure
		}
		text := said[i].String()
		if strings.Count(text, warning) != 1 || strings.Contains(text, `"large_only":true`) != largeOnly {
			t.Errorf("m%d says, and should warn once:\n%s", i+1, text)
		}
	}
}

// TestFault6_UDPDroppedBetweenHosts drops all datagrams: silently on the way, or at their own host, which says so.
func TestFault6_UDPDroppedBetweenHosts(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]string{"on the way": "input", "at their host": "output"} {
		t.Run(name, func(t *testing.T) {
			overBadCable(t, hook, "meta l4proto udp drop", false)
		})
	}
}

func TestFault7_LargeDroppedBetweenHosts(t *testing.T) {
	overBadCable(t, "input", "udp length > 700 drop", true)
}
