package main

import (
	"errors"
	"time"

	"github.com/miekg/dns"
)

// dnsServer is a process that answers.
type dnsServer struct {
	name    string
	address string
	pid     int
	stop    func()
	child   *process // nil for CoreDNS
}

// answers reports whether the server has records of the question's type. Those of hosts have no port.
func (s *dnsServer) answers(q dnsQuestion) bool { return s.name != dnsHosts || q.kind == dns.TypeA }

func (s *dnsServer) cpuTime() (time.Duration, error) { return processTime(s.pid) }

// startDNSServers starts all of them, each with the same instances. It returns those that it started beside an error.
func startDNSServers(program string, instances int) (servers []*dnsServer, err error) {
	for _, name := range []string{dnsOurs, dnsMiekg, dnsMiekgNew} {
		p, failed := spawn(childSpec{Role: "dns", Name: name, System: name, Members: instances})
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		servers = append(servers, &dnsServer{name: name, address: p.address, pid: p.command.Process.Pid, stop: p.kill, child: p})
	}
	if program == "" {
		return servers, err
	}
	for _, name := range []string{dnsHosts, dnsFile} {
		s, failed := startCoreDNS(program, name, instances)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		servers = append(servers, s)
	}
	return servers, err
}

// allocated ends a server of the bench's own, which then tells what it allocated.
func (s *dnsSubject) allocated() error {
	if s.server.child == nil || s.queries == 0 {
		return nil
	}
	if err := s.server.child.terminate(); err != nil {
		return err
	}
	var told dnsAllocated
	err := s.server.child.last(&told)
	s.add(metricAllocated, "bytes", float64(told.Bytes)/float64(s.queries))
	return err
}
