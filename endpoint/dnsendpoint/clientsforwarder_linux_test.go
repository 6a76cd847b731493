package dnsendpoint_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

// throughForwarder asks a forwarder on port 53 of host, and then curl and Python, which have the system's resolver ask it.
func throughForwarder(t *testing.T, d *directory, host string) {
	t.Helper()
	one, two := ownHost(), ownHost()
	site(t, "one", one+":8080")
	site(t, "two", two+":8080")
	d.join("catalog-1", membership.Service{Name: "catalog", Address: one + ":8080"})
	const name = "catalog.service." + zone
	ask := func(kind string) string {
		t.Helper()
		var printed string
		eventually(t, func() string { // the forwarder may not listen yet, or may remember the last answer
			var err error
			if printed, err = attempt(t, "dig", "@"+host, "+short", "+tries=1", "+time=2", name, kind); err != nil || strings.TrimSpace(printed) == "" {
				return fmt.Sprintf("%s %v", printed, err)
			}
			return ""
		})
		return printed
	}
	checkLines(t, ask("A"), one)
	checkLines(t, ask("SRV"), "0 65280 8080 catalog-1.node."+zone)
	checkHas(t, ask("TXT"), `"weight=100"`)

	resolv := file(t, "resolv.conf", "nameserver %s\n", host)
	asHost := func(args ...string) (string, error) {
		command := append([]string{"--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, resolv}, args...)
		return attempt(t, "unshare", command...)
	}
	if out, err := asHost("true"); err != nil {
		missing(t, "this user may not mount a resolv.conf of its own, run as root: %v %s", err, out)
	}
	curl := []string{program(t, "curl"), "--silent", "--show-error", "--max-time", "10", "http://" + strings.TrimSuffix(name, ".") + ":8080/"}
	await := func(want string, command ...string) {
		t.Helper()
		eventually(t, func() string {
			out, err := asHost(command...)
			if got := strings.TrimSpace(out); err != nil || got != want {
				return fmt.Sprintf("%s: %q, %v, want %q", command[0], got, err, want)
			}
			return ""
		})
	}
	await("one", curl...)
	await(one, program(t, "python3"), "-c", `import socket,sys; print(socket.getaddrinfo(sys.argv[1], 8080, type=socket.SOCK_STREAM)[0][4][0])`, name)
	d.join("catalog-2", membership.Service{Name: "catalog", Address: two + ":8080"})
	d.drain("catalog-1")
	await("two", curl...)
	checkLines(t, ask("A"), two)
}

// privileged skips the test where this user may not listen on port 53.
func privileged(t *testing.T, host string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root, for port 53 and for a resolv.conf of its own")
	}
	listener, err := net.Listen("tcp", host+":53")
	if err != nil {
		missing(t, "this user may not listen on port 53, run as root: %v", err)
	}
	listener.Close()
}

func TestDnsmasq(t *testing.T) {
	t.Parallel()
	d, host := newDirectory(t), ownHost()
	privileged(t, host)
	config := file(t, "dnsmasq.conf", `listen-address=%s
bind-interfaces
no-resolv
no-hosts
server=/%s/%s#%s
`, host, strings.TrimSuffix(zone, "."), d.host(), d.port())
	daemon(t, "dnsmasq", "--keep-in-foreground", "--conf-file="+config, "--pid-file=", "--user=root", "--log-facility=-")
	throughForwarder(t, d, host)
}

// TestUnbound also has it mix the case of names (0x20).
func TestUnbound(t *testing.T) {
	t.Parallel()
	d, host := newDirectory(t), ownHost()
	privileged(t, host)
	config := file(t, "unbound.conf", `server:
  interface: %[1]s
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  pidfile: ""
  domain-insecure: "%[2]s"
  use-caps-for-id: yes
  do-not-query-localhost: no
  local-zone: "internal." nodefault
stub-zone:
  name: "%[2]s"
  stub-addr: %[3]s@%[4]s
remote-control:
  control-enable: no
`, host, zone, d.host(), d.port())
	daemon(t, "unbound", "-d", "-c", config)
	throughForwarder(t, d, host)
}
