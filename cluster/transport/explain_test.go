package transport_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// says is a server that writes a line and closes.
func says(t *testing.T, line string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, line)
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func plainMemberlist(t *testing.T) *memberlist.Memberlist {
	t.Helper()
	config := memberlist.DefaultLocalConfig()
	config.BindAddr, config.BindPort, config.LogOutput = "127.0.0.1", 0, io.Discard
	list, err := memberlist.Create(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { list.Shutdown() })
	return list
}

// onSockets is a transport over loopback.
func onSockets(t *testing.T, config transport.Config) *end {
	t.Helper()
	loopback := netip.MustParseAddrPort("127.0.0.1:0")
	network, err := transport.Listen(loopback, loopback, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	config.Network = network
	return openOn(t, nil, config)
}

// TestStrangersAreNamed dials what is not a gossip port, sealed and not.
func TestStrangersAreNamed(t *testing.T) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	web, safeWeb := httptest.NewServer(ok), httptest.NewUnstartedServer(ok)
	safeWeb.Config.ErrorLog = nil
	safeWeb.EnableHTTP2 = true
	safeWeb.StartTLS()
	defer web.Close()
	defer safeWeb.Close()
	safe, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: safeWeb.TLS.Certificates}) // heeds no ALPN
	if err != nil {
		t.Fatal(err)
	}
	defer safe.Close()
	go func() {
		for {
			conn, err := safe.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	list := plainMemberlist(t).LocalNode().Address()
	for name, tt := range map[string]struct {
		address       string
		plain, sealed string
	}{
		"HTTP":             {web.Listener.Addr().String(), "it answers in HTTP: it is not a gossip port", "it answers in HTTP: it is not a gossip port"},
		"HTTP/2":           {says(t, "\x00\x00\x06\x04\x00\x00\x00\x00\x00"), "it answers in HTTP", "it answers in HTTP"},
		"HTTP/0.9":         {says(t, "<!DOCTYPE HTML>\n"), "it answers in HTTP", "it answers in HTTP"},
		"HTTPS":            {safeWeb.Listener.Addr().String(), "it closed the connection without a word", "it speaks TLS, and not this protocol: it is not a gossip port"},
		"TLS":              {safe.Addr().String(), "it closed the connection without a word", "it does not speak this protocol"},
		"SSH":              {says(t, "SSH-2.0-OpenSSH_9.6\r\n"), "it speaks SSH: it is not a gossip port", "it speaks SSH: it is not a gossip port"},
		"plain memberlist": {list, "it closed the connection without a word", "it closed the connection without a word"},
		"one that closes":  {says(t, ""), "it closed the connection without a word", "it closed the connection without a word"},
		"garbage":          {says(t, "220 mail.example ESMTP\r\n"), "it does not speak this protocol", "it does not seal its traffic"},
	} {
		for want, config := range map[string]transport.Config{tt.plain: plain("a@1"), "sealed: " + tt.sealed: sealed(t, "a@1")} {
			_, err := onSockets(t, config).Identify(t.Context(), tt.address, 2*time.Second)
			if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(want, "sealed: ")) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
}

// TestStrangersThatDialAreNamed has strangers dial a gossip port.
func TestStrangersThatDialAreNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		dial func(address string) error
		want string
	}{
		"HTTP": {func(address string) error {
			_, err := http.Get("http://" + address)
			return err
		}, "it asks in HTTP: this is a gossip port"},
		"plain memberlist": {func(address string) error {
			_, err := plainMemberlist(t).Join([]string{address})
			return err
		}, "it speaks plain memberlist, and not this protocol"},
	} {
		for _, config := range []transport.Config{plain("a@1"), sealed(t, "a@1")} {
			at := onSockets(t, config)
			if err := tt.dial(at.Address()); err == nil {
				t.Errorf("%s: no error", name)
			}
			for deadline := time.Now().Add(10 * time.Second); !strings.Contains(at.log.String(), tt.want); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%s: no line has %q:\n%s", name, tt.want, at.log.String())
				}
			}
		}
	}
}

// TestSniffIsNoStranger has a member ask in HTTP, as it does where a seed is silent: nothing is logged.
func TestSniffIsNoStranger(t *testing.T) {
	for _, config := range []transport.Config{plain("a@1"), sealed(t, "a@1")} {
		at := onSockets(t, config)
		conn, err := net.Dial("tcp", at.Address())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "GET /grapevine HTTP/1.0\r\n\r\n")
		io.Copy(io.Discard, conn)
		conn.Close()
		if at.Shutdown(); at.log.String() != "" {
			t.Errorf("logged: %s", at.log.String())
		}
	}
}
