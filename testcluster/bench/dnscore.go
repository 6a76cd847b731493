package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/miekg/dns"
)

const (
	coreDNS         = "github.com/coredns/coredns@v1.15.0"
	coreDNSPatience = 20 * time.Minute // with its modules, and with the compiler
	coreDNSFirst    = 30 * time.Second // until the first answer

	coreDNSBuild = "build"
	coreDNSNone  = "none"
)

// findCoreDNS returns the program that -coredns names, or builds it into a folder that remove removes.
func findCoreDNS(o options) (program string, remove func(), err error) {
	remove = func() {}
	switch o.coredns {
	case coreDNSNone:
		return "", remove, nil
	case coreDNSBuild:
	default:
		program, err = filepath.Abs(o.coredns)
		return program, remove, err
	}
	folder, err := os.MkdirTemp("", "coredns")
	if err != nil {
		return "", remove, err
	}
	remove = func() { os.RemoveAll(folder) }
	o.say("dns: builds %s", coreDNS)
	ctx, cancel := context.WithTimeout(context.Background(), coreDNSPatience)
	defer cancel()
	install := exec.CommandContext(ctx, "go", "install", coreDNS)
	install.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=", "GOWORK=off")
	if said, err := install.CombinedOutput(); err != nil {
		return "", remove, fmt.Errorf("%s: %w: %s", coreDNS, err, said[max(0, len(said)-tailSize):])
	}
	return filepath.Join(folder, "coredns"), remove, nil
}

// startCoreDNS serves the instances by one of its plugins, and nothing else: no cache, no log, no shuffle.
func startCoreDNS(program, name string, instances int) (*dnsServer, error) {
	folder, err := os.MkdirTemp("", "coredns")
	if err != nil {
		return nil, err
	}
	address, err := freeDNSAddress()
	if err == nil {
		err = writeCoreDNS(folder, name, address, instances)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	command := exec.Command(program, "-conf", filepath.Join(folder, "Corefile"))
	command.Dir = folder
	said := new(tail)
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	s := &dnsServer{name: name, address: address, pid: command.Process.Pid}
	s.stop = func() {
		command.Process.Kill() // it may have ended
		command.Wait()
		os.RemoveAll(folder)
	}
	if err := s.awaitFirst(); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w: %s", name, err, said)
	}
	return s, nil
}

// freeDNSAddress is of a port that was free a moment ago.
func freeDNSAddress() (string, error) {
	udp, tcp, err := listenDNS()
	if err != nil {
		return "", err
	}
	return udp.LocalAddr().String(), errors.Join(udp.Close(), tcp.Close())
}

func (s *dnsServer) awaitFirst() (err error) {
	query := new(dns.Msg).SetQuestion(dnsName, dns.TypeA)
	client := dns.Client{Net: "tcp", Timeout: time.Second}
	for until := time.Now().Add(coreDNSFirst); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if _, _, err = client.Exchange(query, s.address); err == nil {
			return nil
		}
	}
	return err
}

func writeCoreDNS(folder, name, address string, instances int) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	plugin := "file zone {\n reload 0\n }"
	if name == dnsHosts {
		plugin = "hosts hosts " + dnsZone + " {\n ttl 1\n reload 0\n }"
	}
	var hosts, zone bytes.Buffer
	fmt.Fprintf(&zone, "$ORIGIN %s\n$TTL 1\n@ IN SOA ns hostmaster 1 60 60 60 1\n@ IN NS ns\nns IN A 127.0.0.1\n", dnsZone)
	for i := 1; i <= instances; i++ {
		at := dnsAddress(i)
		fmt.Fprintf(&hosts, "%s %s\n", at.Addr(), dnsName)
		fmt.Fprintf(&zone, "%s IN A %s\n%s IN SRV 0 100 %d %s.node\n%s.node IN A %s\n",
			dnsName, at.Addr(), dnsName, at.Port(), dnsMember(i), dnsMember(i), at.Addr())
	}
	corefile := fmt.Sprintf("%s:%s {\n bind %s\n %s\n}\n", dnsZone, port, host, plugin)
	return errors.Join(os.WriteFile(filepath.Join(folder, "Corefile"), []byte(corefile), 0o644),
		os.WriteFile(filepath.Join(folder, "hosts"), hosts.Bytes(), 0o644),
		os.WriteFile(filepath.Join(folder, "zone"), zone.Bytes(), 0o644))
}
