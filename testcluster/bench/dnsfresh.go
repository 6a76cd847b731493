package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/grapevine-go/grapevine/endpoint/dnsendpoint"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	metricInView   = "registration to view"   // of one other member
	metricInAnswer = "registration to answer" // the first right one of that member's DNS server
	metricPoll     = "poll of DNS"            // a round trip: what the answer's time is exact to

	mostOfView = 1.2 // of p99
)

func benchDNSFresh(o options) ([]Row, error) {
	return trial{what: "dns", systems: systems(sealed), measure: dnsFresh}.bench(o)
}

// dnsFresh registers services on a member drawn by lot and polls the DNS server of another, one query after another.
// The first query goes out before the registration, and the poll ends with the first right answer.
func dnsFresh(o options, g *group, f *figures, _ bool) error {
	servers, stop, err := serveDNS(g)
	defer stop()
	if err != nil {
		return err
	}
	time.Sleep(o.calm)
	for i := range o.dns.registrations {
		time.Sleep(o.dns.between/2 + rand.N(max(o.dns.between, 1)))
		order := rand.Perm(len(g.members))
		if err := g.answered(f, i, g.members[order[0]], g.members[order[1]], servers[order[1]]); err != nil {
			return err
		}
	}
	return nil
}

// answered registers a service at one member and polls another's server.
func (g *group) answered(f *figures, i int, at, other named, server net.Addr) error {
	address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, byte(i >> 8), byte(i)}), 80)
	service := membership.Service{Name: fmt.Sprintf("service-%d", i), Address: address.String()}
	poll, err := startDNSPoll(server, service.Name+".service."+dnsZone, address.Addr())
	if err != nil {
		return err
	}
	spread := g.expect(news{member: at.name, service: service.Name}, []string{other.name})
	registration, err := at.member.(*grapevineMember).node.Register(service)
	if err != nil {
		return errors.Join(err, poll.stop())
	}
	took, missing := spread.await(propagationPatience)
	if missing > 0 {
		poll.stop()
		return fmt.Errorf("%s of %s did not reach %s within %v", service.Name, at.name, other.name, propagationPatience)
	}
	if err := poll.await(); err != nil {
		return fmt.Errorf("%s of %s, asked of %s: %w", service.Name, at.name, other.name, err)
	}
	f.add(metricInView, "ms", milliseconds(took[0]))
	f.add(metricInAnswer, "ms", milliseconds(poll.right.Sub(spread.begun)))
	f.add(metricPoll, "ms", poll.trips...)
	return registration.Deregister()
}

// serveDNS starts a DNS server beside each member.
func serveDNS(g *group) (addresses []net.Addr, stop func(), err error) {
	var servers []*dnsendpoint.Server
	var work sync.WaitGroup
	stop = func() {
		for _, server := range servers {
			server.Shutdown(context.Background()) // without a deadline it does not fail
		}
		work.Wait()
	}
	for _, m := range g.members {
		conn, err := net.ListenPacket("udp", loopback.String())
		if err != nil {
			return nil, stop, err
		}
		server := &dnsendpoint.Server{View: m.member.(*grapevineMember).node.View(), Zone: dnsZone}
		servers, addresses = append(servers, server), append(addresses, conn.LocalAddr())
		work.Go(func() { server.Serve(conn) }) // until stop; that it fails is seen by its silence
	}
	return addresses, stop, nil
}

// dnsPoll asks for an address, one query at a time, until it is answered.
type dnsPoll struct {
	conn   net.Conn
	wanted netip.Addr
	ended  chan struct{} // then those below are set
	right  time.Time     // when the first right answer was read
	trips  []float64     // ms
	err    error
}

const dnsAnswerLate = 10 * time.Second // after the view has it

// startDNSPoll returns once a first query was answered, with the news that there is no such name.
func startDNSPoll(server net.Addr, name string, wanted netip.Addr) (*dnsPoll, error) {
	conn, err := net.Dial("udp", server.String())
	if err != nil {
		return nil, err
	}
	query, err := new(dns.Msg).SetQuestion(name, dns.TypeA).Pack()
	p := &dnsPoll{conn: conn, wanted: wanted, ended: make(chan struct{})}
	if err == nil {
		conn.SetDeadline(time.Now().Add(dnsPatience))
		var found bool
		if found, err = p.ask(query); found {
			err = fmt.Errorf("%s was answered before it was registered", name)
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(propagationPatience + dnsAnswerLate))
	go p.run(query)
	return p, nil
}

func (p *dnsPoll) run(query []byte) {
	defer close(p.ended)
	defer p.conn.Close()
	for found := false; !found && p.err == nil; {
		begun := time.Now()
		found, p.err = p.ask(query)
		p.right = time.Now()
		p.trips = append(p.trips, milliseconds(p.right.Sub(begun)))
	}
}

// ask reports whether the answer is the wanted address. There may be none yet, but no wrong one.
func (p *dnsPoll) ask(query []byte) (found bool, err error) {
	if _, err := p.conn.Write(query); err != nil {
		return false, err
	}
	buffer := make([]byte, dnsEDNS)
	n, err := p.conn.Read(buffer)
	if err != nil {
		return false, err
	}
	var m dns.Msg
	if err := m.Unpack(buffer[:n]); err != nil {
		return false, err
	}
	if m.Rcode == dns.RcodeNameError {
		return false, nil
	}
	if m.Rcode == dns.RcodeSuccess && len(m.Answer) == 1 {
		if a, ok := m.Answer[0].(*dns.A); ok && a.A.String() == p.wanted.String() {
			return true, nil
		}
	}
	return false, fmt.Errorf("wrong answer: %v", &m)
}

func (p *dnsPoll) await() error {
	<-p.ended
	return p.err
}

func (p *dnsPoll) stop() error {
	p.conn.Close()
	<-p.ended
	return nil
}

func dnsFreshMarks(rows []Row) (marks []mark) {
	for _, n := range sizesOf(rows, metricInView) {
		m := mark{fmt.Sprintf("%s / view, p99, n=%d, %s", metricInAnswer, n, sealed), 0, mostOfView}
		answer, ok1 := lookUp(rows, sealed, metricInAnswer, "", n)
		view, ok2 := lookUp(rows, sealed, metricInView, "", n)
		if ok1 && ok2 {
			m.value = answer.P99 / view.P99
		}
		marks = append(marks, m)
	}
	return marks
}
