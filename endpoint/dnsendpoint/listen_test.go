package dnsendpoint

import (
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// beside is cluster.Companion with its optional methods. This package does not import cluster.
type beside interface {
	Serve() error
	Shutdown(context.Context) error
	Close() error
	Linger() time.Duration
}

var _ beside = (*Listener)(nil)

func TestListenIsOffByDefault(t *testing.T) {
	listener, err := Flags(flag.NewFlagSet("", flag.ContinueOnError)).Listen(catalogOf(1).View())
	if listener != nil || err != nil {
		t.Errorf("Listen returned %v, %v, want neither", listener, err)
	}
}

func TestAddressOf(t *testing.T) {
	for given, want := range map[string]string{
		"8600":              "127.0.0.1:8600",
		":8600":             "127.0.0.1:8600",
		":0":                "127.0.0.1:0",
		"localhost:8600":    "127.0.0.1:8600",
		"127.0.0.53:53":     "127.0.0.53:53",
		"10.0.0.7:8600":     "10.0.0.7:8600",
		"0.0.0.0:8600":      "0.0.0.0:8600",
		"[::]:8600":         "[::]:8600",
		"[::1]:8600":        "[::1]:8600",
		"[fe80::1%eth0]:53": "[fe80::1%eth0]:53",
	} {
		if got, err := addressOf(given); err != nil || got.String() != want {
			t.Errorf("%s means %v, %v, want %s", given, got, err, want)
		}
	}
	for _, given := range []string{"", "on", "10.0.0.7", "fd00::7", "*:8600", "ns.example.com:53", "127.0.0.1:dns", ":65536", "10.0.0.7:"} {
		_, err := addressOf(given)
		var wrong *membership.FieldError
		if !errors.As(err, &wrong) || wrong.Value != given || !strings.Contains(wrong.Setting, "-dns.listen") {
			t.Errorf("%q: %v, want a FieldError that names -dns.listen", given, err)
		}
	}
}

// served starts a listener, and ends it with the test.
func served(t *testing.T, c *Config, view *membership.View) *Listener {
	t.Helper()
	listener, err := c.Listen(view)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- listener.Serve() }()
	t.Cleanup(func() {
		if err := listener.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve returned %v, want ErrServerClosed", err)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener
}

func TestListenBindsUDPAndTCPToOnePort(t *testing.T) {
	listener := served(t, parsedFlags(t, "-dns.listen", ":0", "-dns.zone", "test.internal.", "-dns.ttl", "4s"), catalogOf(3).View())
	if !listener.Addr().Addr().IsLoopback() {
		t.Errorf("a port alone is bound to %v", listener.Addr())
	}
	if got := listener.Linger(); got != 5*time.Second {
		t.Errorf("Linger is %v, want 5s", got)
	}
	udp, err := net.Dial("udp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	checkAnswer(t, ask(t, udp, queryOf(7, catalogName)), 7, 3)
	tcp, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	tcp.Write(framed(queryOf(8, catalogName)))
	answer, err := readFrame(tcp)
	if err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, answer, 8, 3)
}

func TestListenSeveralAddresses(t *testing.T) {
	listener := served(t, &Config{Addresses: []string{":0", "127.0.0.1:0"}, Zone: "test.internal."}, catalogOf(3).View())
	for _, socket := range listener.udp {
		client, err := net.Dial("udp", socket.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		checkAnswer(t, ask(t, client, queryOf(7, catalogName)), 7, 3)
	}
}

// TestListenOnIPv4IsNotOnIPv6 holds that 0.0.0.0 is what it says, as [::] stands for both.
func TestListenOnIPv4IsNotOnIPv6(t *testing.T) {
	listener := served(t, &Config{Addresses: []string{"0.0.0.0:0"}}, catalogOf(3).View())
	if at := listener.udp[0].LocalAddr().String(); !strings.HasPrefix(at, "0.0.0.0:") {
		t.Errorf("0.0.0.0 is bound as %s", at)
	}
}

func TestShutdownOfAListenerThatDoesNotServe(t *testing.T) {
	listener, err := (&Config{Addresses: []string{":0"}}).Listen(catalogOf(1).View())
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	again, err := net.Listen("tcp", listener.Addr().String())
	if err != nil {
		t.Error("the port is not free:", err)
	} else {
		again.Close()
	}
	if err := listener.Serve(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v, want ErrServerClosed", err)
	}
}

// TestServeOfAListenerEndsWithASocket holds that the others do not go on without it.
func TestServeOfAListenerEndsWithASocket(t *testing.T) {
	listener, err := (&Config{Addresses: []string{":0", "127.0.0.1:0"}}).Listen(catalogOf(1).View())
	if err != nil {
		t.Fatal(err)
	}
	listener.tcp[1].Close()
	if err := listener.Serve(); err == nil || errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve returned %v, want the error of the socket", err)
	}
}

// checkRefused holds that Listen fails with an error of the system, which names the flag, the value
// and a remedy, and leaves no socket.
func checkRefused(t *testing.T, address string, want error, remedy string) {
	t.Helper()
	listener, err := parsedFlags(t, "-dns.listen", ":0", "-dns.listen", address).Listen(catalogOf(1).View())
	if err == nil {
		listener.Close()
		t.Fatalf("%s is bound", address)
	}
	var wrong *membership.FieldError
	if !errors.Is(err, want) || !errors.As(err, &wrong) || wrong.Value != address ||
		!strings.Contains(wrong.Setting, "-dns.listen, $DNS_LISTEN") || !strings.Contains(wrong.Remedy, remedy) {
		t.Errorf("Listen returned %v, want %v with a remedy", err, want)
	}
}

func TestListenNamesTheRemedy(t *testing.T) {
	t.Run("taken by TCP", func(t *testing.T) {
		taken, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		checkRefused(t, taken.Addr().String(), syscall.EADDRINUSE, "choose another")
	})
	t.Run("taken by UDP", func(t *testing.T) {
		taken, _ := loopbackUDP(t)
		defer taken.Close()
		checkRefused(t, taken.LocalAddr().String(), syscall.EADDRINUSE, "choose another")
	})
	t.Run("not of this host", func(t *testing.T) {
		checkRefused(t, "192.0.2.1:8600", syscall.EADDRNOTAVAIL, "does not have the IP")
	})
}

// TestListenOnAPrivilegedPort needs no process without privileges: what the system says to it is
// known.
func TestListenOnAPrivilegedPort(t *testing.T) {
	err := bindError("127.0.0.1:53", &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", syscall.EACCES)})
	var wrong *membership.FieldError
	if !errors.Is(err, syscall.EACCES) || !errors.As(err, &wrong) || !strings.Contains(wrong.Remedy, "CAP_NET_BIND_SERVICE") {
		t.Errorf("the error is %v, want a remedy", err)
	}
}

func TestListenChecksFieldsBeforeItBinds(t *testing.T) {
	for field, c := range map[string]*Config{
		"Zone":       parsedFlags(t, "-dns.listen", ":0", "-dns.zone", "no zone"),
		"TTL":        {Addresses: []string{":0"}, TTL: time.Millisecond},
		"PreferZone": parsedFlags(t, "-dns.listen", ":0", "-dns.prefer-zone", "No Zone"),
		"MaxAnswers": {Addresses: []string{":0"}, MaxAnswers: -1},
	} {
		listener, err := c.Listen(catalogOf(1).View())
		if err == nil {
			listener.Close()
			t.Errorf("%s: Listen takes any value", field)
			continue
		}
		var wrong *membership.FieldError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Setting, settingOf(field)) {
			t.Errorf("%s: Listen returned %v, want a FieldError with the setting %s", field, err, settingOf(field))
		}
	}
	if _, err := (&Config{Addresses: []string{":0"}}).Listen(nil); err == nil {
		t.Error("Listen takes no view")
	}
}
