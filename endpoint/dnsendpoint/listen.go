package dnsendpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// Listener is a [Server] with its sockets. It is what cluster.Beside takes.
type Listener struct {
	server *Server
	udp    []*net.UDPConn
	tcp    []*net.TCPListener
}

// Listen binds the addresses of c, each with UDP and TCP on one port, and returns what answers on
// them from view once its Serve is called. It returns nil and no error where c has no address, as
// without -dns.listen. A value that cannot be used is a [*membership.FieldError] that names the
// flag; if a port cannot be bound, the error also wraps that of the system.
func (c *Config) Listen(view *membership.View) (*Listener, error) {
	if len(c.Addresses) == 0 {
		return nil, nil
	}
	if c.unusable != nil {
		return nil, fmt.Errorf("dnsendpoint: %w", c.unusable)
	}
	l := &Listener{server: &Server{View: view, Zone: c.zone(), TTL: c.TTL, PreferZone: c.PreferZone,
		MaxAnswers: c.MaxAnswers, Logger: c.Logger}}
	if err := l.server.setup(); err != nil {
		return nil, atFlag(err)
	}
	for _, given := range c.Addresses {
		if err := l.bind(given); err != nil {
			l.closeSockets()
			return nil, fmt.Errorf("dnsendpoint: %w", err)
		}
	}
	return l, nil
}

// atFlag adds the flag to an error about a field of Server, whose names are those of Config.
func atFlag(err error) error {
	var wrong *membership.FieldError
	if !errors.As(err, &wrong) {
		return err
	}
	field, _, _ := strings.Cut(strings.TrimPrefix(wrong.Setting, "Server."), ",")
	if field == "" || field == "View" {
		return err
	}
	placed := *wrong
	placed.Setting = settingOf(field)
	return fmt.Errorf("dnsendpoint: %w", &placed)
}

func unusableAddress(given, remedy string) error {
	return &membership.FieldError{Field: "DNS address", Value: given, Remedy: remedy, Setting: settingOf("Addresses")}
}

// addressOf returns the IP and port that an address means. A port alone is on loopback.
func addressOf(given string) (netip.AddrPort, error) {
	const form = "use IP:port, with an IPv6 address in brackets, or a port alone for 127.0.0.1: " +
		"10.0.0.7:8600, [fd00::7]:8600, :8600"
	host, port, err := net.SplitHostPort(given)
	if err != nil {
		host, port = "", given
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, unusableAddress(given, form)
	}
	ip := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if host != "" && host != "localhost" {
		if ip, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, unusableAddress(given, form)
		}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}

// portAttempts are for a port that the system chose for TCP, and that is taken for UDP.
const portAttempts = 10

// bind binds both sockets of an address. 0.0.0.0 is IPv4 only, as written; [::] is both.
func (l *Listener) bind(given string) error {
	at, err := addressOf(given)
	if err != nil {
		return err
	}
	family := ""
	if at.Addr().Is4() {
		family = "4"
	}
	for range portAttempts {
		var tcp *net.TCPListener
		if tcp, err = net.ListenTCP("tcp"+family, net.TCPAddrFromAddrPort(at)); err != nil {
			break
		}
		port := tcp.Addr().(*net.TCPAddr).AddrPort().Port()
		var udp *net.UDPConn
		udp, err = net.ListenUDP("udp"+family, net.UDPAddrFromAddrPort(netip.AddrPortFrom(at.Addr(), port)))
		if err == nil {
			if at.Addr().IsUnspecified() {
				wantDestinations(udp) // of queries that come before Serve, too
			}
			l.udp, l.tcp = append(l.udp, udp), append(l.tcp, tcp)
			return nil
		}
		tcp.Close()
		if at.Port() != 0 || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return bindError(given, err)
}

// bindError adds to the system's error where the address is set, and what to do.
func bindError(given string, err error) error {
	remedy := "use an IP of this host and a free port"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = "the port is in use: choose another, such as 8600, or port 0 for a free one, " +
			"or end the process that uses it, such as systemd-resolved on port 53"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "this host does not have the IP: use one that it has, or a wildcard"
	case errors.Is(err, syscall.EACCES):
		remedy = "this process may not bind the port: choose one from 1024, such as 8600, " +
			"or let it bind the port by the capability CAP_NET_BIND_SERVICE"
	}
	return fmt.Errorf("%w: %w", unusableAddress(given, remedy), err)
}

// Addr returns the first address that l listens on, by UDP and by TCP.
func (l *Listener) Addr() netip.AddrPort {
	return l.udp[0].LocalAddr().(*net.UDPAddr).AddrPort()
}

// Serve answers queries, and blocks until Shutdown or until a socket fails: then it ends them all.
// It returns [ErrServerClosed] after Shutdown, otherwise the error of that socket.
func (l *Listener) Serve() error {
	errs := make(chan error, len(l.udp)+len(l.tcp))
	var work sync.WaitGroup
	serve := func(serve func() error) { work.Go(func() { errs <- serve() }) }
	for _, conn := range l.udp {
		serve(func() error { return l.server.Serve(conn) })
	}
	for _, listener := range l.tcp {
		serve(func() error { return l.server.ServeTCP(listener) })
	}
	err := <-errs
	l.server.Shutdown(context.Background()) // the others, whose answers take no time
	work.Wait()
	return err
}

// Shutdown ends Serve as [Server.Shutdown] does. It closes the sockets even if Serve was not called.
func (l *Listener) Shutdown(ctx context.Context) error {
	err := l.server.Shutdown(ctx)
	l.closeSockets()
	return err
}

// Close ends Serve at once: answers that are being written may be cut off.
func (l *Listener) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = l.Shutdown(ctx) // that ctx is done is no failure here
	return nil
}

// Linger returns for how long clients may use an answer that they were given: see [Server.Linger].
func (l *Listener) Linger() time.Duration { return l.server.Linger() }

func (l *Listener) closeSockets() {
	for i := range l.udp {
		l.udp[i].Close()
		l.tcp[i].Close()
	}
}
