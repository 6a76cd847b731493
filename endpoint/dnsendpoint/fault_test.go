package dnsendpoint

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/grapevine-go/grapevine/testcluster"
)

// garbage makes what is no query, of all kinds: noise, queries with bytes changed or missing, and
// responses.
func garbage(random *rand.Rand) []byte {
	query := queryWith(uint16(random.Uint32()), catalogName, dnsmessage.TypeSRV, make([]byte, random.IntN(50)))
	switch random.IntN(4) {
	case 0:
		noise := make([]byte, random.IntN(1500))
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		return noise
	case 1:
		for range 1 + random.IntN(8) {
			query[random.IntN(len(query))] = byte(random.Uint32())
		}
		return query
	case 2:
		return query[:random.IntN(len(query))]
	default:
		query[2] |= bitResponse >> 8
		return query
	}
}

// TestFault70_Garbage sends garbage over UDP, as loopback and as another host. It is answered with
// less than amplification allows, a response never, and queries are answered as before.
func TestFault70_Garbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := carried(50), newWire()
		serveWhile(t, s, func() error { return s.Serve(w) })
		random := rand.New(rand.NewPCG(70, 70))
		for i := range 20_000 {
			from := "127.0.0.1:4000"
			if i%2 == 0 {
				from = "10.0.0.2:4000"
				time.Sleep(time.Millisecond) // below the rate limit
			}
			text := garbage(random)
			w.send(from, text)
			synctest.Wait()
			select {
			case answer := <-w.answers:
				if len(text) >= headerSize && text[2]&(bitResponse>>8) != 0 {
					t.Fatalf("a response is answered: %x", text)
				}
				if i%2 == 0 && len(answer.text) > amplification*len(text) {
					t.Fatalf("%d bytes of garbage are answered with %d: %x", len(text), len(answer.text), text)
				}
			default:
			}
		}
		w.send("127.0.0.1:4000", queryOf(7, catalogName))
		checkAnswer(t, (<-w.answers).text, 7, 50)
	})
}

// TestFault70_GarbageOverTCP sends garbage on 1,000 connections, with true lengths and without.
func TestFault70_GarbageOverTCP(t *testing.T) {
	s := carried(50)
	virtualTCP(t, s, func(t *testing.T, n *testcluster.Network, dial func(*testcluster.Host) net.Conn) {
		host := n.Host()
		random := rand.New(rand.NewPCG(70, 70))
		for i := range 1000 {
			conn := dial(host)
			text := garbage(random)
			if i%2 == 0 {
				text = framed(text, garbage(random))
			}
			conn.Write(text)
			if i%10 == 0 {
				conn.Close()
			}
		}
		conn := dial(host)
		conn.Write(framed(queryOf(7, catalogName)))
		answer, err := readFrame(conn)
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, answer, 7, 50)
		time.Sleep(idleTimeout + time.Second)
		s.connections.mu.Lock()
		defer s.connections.mu.Unlock()
		if left := len(s.connections.open); left > 0 {
			t.Errorf("%d connections are left", left)
		}
	})
}

// TestFault71_Flood floods from one network, with 50,000 queries in a second. Every query of another
// network and of loopback is answered in full. The flooding network gets what its limit allows, and
// is sent to TCP for every second query beyond it.
func TestFault71_Flood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s, w := carried(3), newWire()
		s.Logger = loggerTo(&log)
		serveWhile(t, s, func() error { return s.Serve(w) })
		const (
			flood  = 50_000
			every  = 100 // of the flood, a query of each other client
			others = flood / every
		)
		flooding := queryOf(1, catalogName)
		for i := range flood {
			w.send(fmt.Sprintf("10.9.9.%d:4000", i%256), flooding)
			if i%every == 0 {
				w.send("10.9.8.1:4000", queryOf(7, catalogName))
				w.send("127.0.0.1:4000", queryOf(7, catalogName))
				time.Sleep(time.Second / others)
			}
		}
		synctest.Wait()
		full, truncated := make(map[string]int), make(map[string]int)
		for range len(w.answers) {
			answer := <-w.answers
			network := prefixOf(answer.peer.Addr()).String()
			switch m := parsed(t, answer.text); {
			case m.Truncated && len(m.Questions) == 1 && len(m.Answers) == 0:
				truncated[network]++
				if len(answer.text) > len(flooding) {
					t.Fatalf("%d bytes are answered with %d", len(flooding), len(answer.text))
				}
			case len(m.Answers) == 3:
				full[network]++
			}
		}
		for _, network := range []string{"10.9.8.0/24", "127.0.0.0/24"} {
			if full[network] != others {
				t.Errorf("%d of %d queries of %s are answered", full[network], others, network)
			}
		}
		allowed := queryBurst + queryRate
		if got := full["10.9.9.0/24"]; got < allowed*9/10 || got > allowed*11/10 {
			t.Errorf("the flooding network gets %d answers, want about %d", got, allowed)
		}
		beyond := flood - full["10.9.9.0/24"]
		if got := truncated["10.9.9.0/24"]; got != beyond/slipEvery {
			t.Errorf("%d of %d queries beyond the limit are sent to TCP, want every second", got, beyond)
		}
		if got := strings.Count(log.String(), "10.9.9.0/24"); got != 1 {
			t.Errorf("the log names the network %d times, want once:\n%s", got, &log)
		}
	})
}

// TestFault72_SpoofedSource measures what a forged source gains: for each kind of query and size of
// service, no answer has more than amplification times the bytes of its query. The owner of the
// address gets everything once it shows a cookie of its own, or uses TCP.
func TestFault72_SpoofedSource(t *testing.T) {
	victim := netip.MustParseAddrPort("192.0.2.7:53")
	now := time.Now()
	kinds := []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeSRV, dnsmessage.TypeTXT,
		dnsmessage.TypeSOA, dnsmessage.TypeNS, dnsmessage.TypePTR, dnsmessage.TypeALL, dnsmessage.TypeSVCB,
		dnsmessage.TypeHTTPS, dnsmessage.TypeCNAME, dnsmessage.TypeAXFR, 252, 999}
	names := []string{catalogName, "test.internal.", "_services._dns-sd._udp.test.internal.", "nobody.service.test.internal.",
		"catalog-1.node.test.internal.", "example.com.", ".", "_catalog._tcp.service.test.internal."}
	stolen := []byte("clientco" + "\x01\x00\x00\x00" + "12345678" + "abcd") // as an attacker makes it up
	most := 0.0
	for _, n := range []int{0, 1, 3, 10, 50, 1000} {
		s := carried(n)
		if err := s.setup(); err != nil {
			t.Fatal(err)
		}
		_, given := cookieOf(t, s, netip.MustParseAddrPort("192.0.2.8:53"), now)
		for _, name := range names {
			for _, kind := range kinds {
				for _, cookie := range [][]byte{nil, []byte("clientco"), stolen, given} {
					query := queryWith(7, name, kind, cookie)
					answer := s.packet(nil, query, victim, now)
					now = now.Add(time.Millisecond) // below the rate limit
					factor := float64(len(answer)) / float64(len(query))
					if most = max(most, factor); factor > amplification {
						t.Errorf("%d instances, %s %v: %d bytes are answered with %d", n, name, kind, len(query), len(answer))
					}
				}
			}
		}
	}
	t.Logf("an answer is %.2f times as large as its query at most", most)

	s := carried(50)
	if err := s.setup(); err != nil {
		t.Fatal(err)
	}
	_, own := cookieOf(t, s, victim, now)
	checkAnswer(t, s.packet(nil, queryWith(7, catalogName, dnsmessage.TypeA, own), victim, now), 7, 50)
	if m := parsed(t, s.packet(nil, queryOf(7, catalogName), victim, now)); !m.Truncated || len(m.Answers) > 0 {
		t.Errorf("without a cookie truncated is %v, and there are %d answers", m.Truncated, len(m.Answers))
	}
	checkAnswer(t, s.respond(nil, queryOf(7, catalogName), source{addr: victim.Addr(), tcp: true}, now), 7, 50)
}

// cookieOf asks for a cookie, and returns the response and the whole option that came with it.
func cookieOf(t *testing.T, s *Server, from netip.AddrPort, now time.Time) (response, cookie []byte) {
	t.Helper()
	response = s.packet(nil, queryWith(7, catalogName, dnsmessage.TypeA, []byte("clientco")), from, now)
	cookie = cookieIn(t, response)
	if len(cookie) != 24 || !slices.Equal(cookie[:8], []byte("clientco")) {
		t.Fatalf("the cookie is %q", cookie)
	}
	return response, cookie
}

// TestBadCookie holds what a client gets whose cookie is not valid, beyond loopback and over UDP: the
// answer where it is small, otherwise BADCOOKIE, and a valid cookie in both.
func TestBadCookie(t *testing.T) {
	from, now := netip.MustParseAddrPort("192.0.2.7:53"), time.Now()
	const badCookie = 23
	rcodeOf := func(m dnsmessage.Message) (code dnsmessage.RCode) {
		for _, extra := range m.Additionals {
			if extra.Header.Type == dnsmessage.TypeOPT {
				return extra.Header.ExtendedRCode(m.RCode)
			}
		}
		return m.RCode
	}
	for n, want := range map[int]dnsmessage.RCode{1: dnsmessage.RCodeSuccess, 50: badCookie} {
		s := carried(n)
		if err := s.setup(); err != nil {
			t.Fatal(err)
		}
		for name, cookie := range map[string][]byte{
			"new":     []byte("clientco"),
			"made up": []byte("clientco" + "\x01\x00\x00\x00" + "12345678" + "abcd"),
			"foreign": append([]byte("clientco"), binary.BigEndian.AppendUint64(nil, 7)...),
		} {
			response := s.packet(nil, queryWith(7, catalogName, dnsmessage.TypeA, cookie), from, now)
			if got := rcodeOf(parsed(t, response)); got != want {
				t.Errorf("%d instances, a cookie that is %s: rcode %v, want %v", n, name, got, want)
			}
			again := s.packet(nil, queryWith(8, catalogName, dnsmessage.TypeA, cookieIn(t, response)), from, now)
			checkAnswer(t, again, 8, n)
		}
	}
}
