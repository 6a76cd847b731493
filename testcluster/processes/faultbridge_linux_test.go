package processes_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// addBridge gives a host a bridge that a container is behind.
func addBridge(t *testing.T, host, name, network string) {
	t.Helper()
	const port, container = "port", "box"
	noErrors(t,
		inside(host, "ip", "link", "add", name, "type", "bridge"),
		inside(host, "ip", "address", "add", network, "dev", name),
		inside(host, "ip", "link", "add", port, "type", "veth", "peer", "name", container),
		inside(host, "ip", "link", "set", port, "master", name),
		inside(host, "ip", "link", "set", port, "up"),
		inside(host, "ip", "link", "set", container, "up"),
		inside(host, "ip", "link", "set", name, "up"))
}

// TestFault64_BridgeOnEveryHost has two hosts with the same bridges beside the cable. Members that listen on a wildcard
// advertise their address on the cable, and so find each other.
func TestFault64_BridgeOnEveryHost(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	for name, tt := range map[string]struct {
		bind   string
		bridge []string // name and network
		join   string   // of the first host
		routed bool     // by default, along the cable
	}{
		"Docker's":                     {"0.0.0.0:7946", []string{"docker0", "172.17.0.1/16"}, "", false},
		"Docker's, both families":      {"[::]:7946", []string{"docker0", "172.17.0.1/16"}, "", false},
		"Docker's, by default route":   {"0.0.0.0:7946", []string{"docker0", "172.17.0.1/16"}, "", true},
		"of a network of Docker's":     {"0.0.0.0:7946", []string{"br-0123456789ab", "172.31.0.9/16"}, "", false},
		"of any name, by seeds":        {"0.0.0.0:7946", []string{"shop0", "172.30.0.5/16"}, "10.77.0.2:7946", false},
		"of any name, seed is oneself": {"0.0.0.0:7946", []string{"shop0", "172.30.0.5/16"}, "10.77.0.1:7946", false},
		"of any name, by default":      {"[::]:7946", []string{"shop0", "172.30.0.5/16"}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hosts := cabledHosts(t)
			secret := cluster.NewSecret()
			var children []*child
			for i, host := range hosts {
				addBridge(t, host, tt.bridge[0], tt.bridge[1])
				if tt.routed {
					noErrors(t, inside(host, "ip", "route", "add", "default", "via", fmt.Sprintf("10.77.0.%d", 2-i)))
				}
				config := cluster.Config{Name: fmt.Sprintf("m%d", i+1), Cluster: "one", Secret: secret, Bind: tt.bind}
				if config.Join = []string{"10.77.0.1:7946"}; i == 0 {
					config.Join = strings.Fields(tt.join)
				}
				child := startOn(t, host, config, new(lockedBuffer))
				if want := fmt.Sprintf("10.77.0.%d:7946", i+1); child.address != want {
					t.Errorf("%s advertises %s, want %s", config.Name, child.address, want)
				}
				children = append(children, child)
			}
			for _, child := range children {
				child.awaitNames(processPatience, "m1", "m2")
			}
		})
	}
}

// TestFault64_TemporaryAddress has a host that prefers temporary IPv6 addresses for what it sends
// (RFC 8981), as many do. The one that is advertised must last.
func TestFault64_TemporaryAddress(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	t.Parallel()
	host := cabledHosts(t)[0]
	noErrors(t, inside(host, "ip", "address", "del", "10.77.0.1/24", "dev", "cable"))
	if err := inside(host, "sysctl", "-q", "-w", "net.ipv6.conf.cable.use_tempaddr=2"); err != nil {
		t.Skipf("skipped: this system has no temporary addresses: %v", err)
	}
	noErrors(t, inside(host, "ip", "address", "add", "fd00:77::1/64", "dev", "cable", "nodad", "mngtmpaddr"))
	preferred := func() string {
		out, _ := exec.Command("ip", "netns", "exec", host, "ip", "-6", "route", "get", "fd00:77::2").Output()
		_, source, _ := strings.Cut(string(out), " src ")
		source, _, _ = strings.Cut(source, " ")
		return source
	}
	for began := time.Now(); preferred() == "" || preferred() == "fd00:77::1"; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Skip("skipped: this system does not prefer temporary addresses")
		}
	}
	child := startOn(t, host, cluster.Config{Name: "m1", Cluster: "one", Secret: cluster.NewSecret(), Bind: "[::]:7946",
		Join: []string{"[fd00:77::2]:7946"}}, new(lockedBuffer))
	if child.address != "[fd00:77::1]:7946" {
		t.Errorf("it advertises %s, want the address that lasts", child.address)
	}
}
