package dnsendpoint

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/rs/zerolog"
	"golang.org/x/net/dns/dnsmessage"
)

// header returns the words of a response's header, and its length.
func headerOf(response []byte) (code, flags, length int) {
	if len(response) < headerSize {
		return -1, -1, len(response)
	}
	return int(response[3] & 0xf), int(response[2])<<8 | int(response[3]), len(response)
}

// TestQueriesThatAreNotAnswered holds the response to each that is refused or malformed.
func TestQueriesThatAreNotAnswered(t *testing.T) {
	s := serverOf(t, shop()...)
	good := query("catalog.service.prod.internal.", dnsmessage.TypeA, 0)
	edns := query("catalog.service.prod.internal.", dnsmessage.TypeA, 4096)
	change := func(q []byte, at int, bytes ...byte) []byte {
		return append(append(append([]byte(nil), q[:at]...), bytes...), q[at+len(bytes):]...)
	}
	withOption := func(code byte, body ...byte) []byte {
		q := append(append([]byte(nil), edns...), 0, code, 0, byte(len(body)))
		q = append(q, body...)
		q[len(edns)-1] = byte(4 + len(body))
		return q
	}
	const head = headerSize
	whole := len(good)
	for name, tt := range map[string]struct {
		query        []byte
		code, length int
	}{
		"a response":              {change(good, 2, 0x81), -1, 0},
		"half a header":           {good[:11], -1, 0},
		"nothing":                 {nil, -1, 0},
		"a status request":        {change(good, 2, 2<<3), 4, head},
		"an update":               {change(good, 2, 5<<3), 4, head},
		"no question":             {change(good[:12], 5, 0), 1, head},
		"two questions":           {change(good, 5, 2), 1, head},
		"a cut name":              {good[:20], 1, head},
		"a cut question":          {good[:whole-1], 1, head},
		"a pointer":               {change(good, 12, 0xc0, 12), 1, head},
		"a label of another kind": {change(good, 12, 0x40), 1, head},
		"an announced record":     {change(good, 11, 1), 1, head},
		"two OPT":                 {change(append(append([]byte(nil), edns...), edns[whole:]...), 11, 2), 1, head + optSize},
		"OPT that is not at the root": {func() []byte {
			q := append(append(append([]byte(nil), edns[:whole]...), 1, 'x'), edns[whole:]...)
			return q
		}(), 1, head},
		"a cut option":              {withOption(10, 1, 2, 3, 4)[:len(edns)+6], 1, head},
		"a cookie of 7 bytes":       {withOption(10, 1, 2, 3, 4, 5, 6, 7), 1, head + optSize},
		"a cookie of 9 bytes":       {withOption(10, 1, 2, 3, 4, 5, 6, 7, 8, 9), 1, head + optSize},
		"a later version of EDNS":   {change(edns, whole+6, 1), 0, whole + optSize},
		"another zone":              {query("example.com.", dnsmessage.TypeA, 0), 5, len(query("example.com.", 1, 0))},
		"the zone as a mere suffix": {query("xprod.internal.", dnsmessage.TypeA, 0), 5, len(query("xprod.internal.", 1, 0))},
		"the parent zone":           {query("internal.", dnsmessage.TypeA, 0), 5, len(query("internal.", 1, 0))},
		"the root":                  {query(".", dnsmessage.TypeNS, 0), 5, len(query(".", 1, 0))},
		"class CHAOS":               {change(good, whole-1, 3), 5, whole},
		"AXFR":                      {query("prod.internal.", dnsmessage.TypeAXFR, 0), 5, len(query("prod.internal.", 1, 0))},
		"IXFR":                      {query("prod.internal.", typeIXFR, 0), 5, len(query("prod.internal.", 1, 0))},
	} {
		t.Run(name, func(t *testing.T) {
			response := s.respond(nil, tt.query, here, someDay)
			code, flags, length := headerOf(response)
			if code != tt.code || length != tt.length {
				t.Fatalf("the response is %x: code %d of %d bytes, want code %d of %d bytes", response, code, length, tt.code, tt.length)
			}
			if tt.code < 0 {
				return
			}
			if flags&bitAuthoritative != 0 || flags&bitResponse == 0 || !bytes.Equal(response[:2], tt.query[:2]) {
				t.Errorf("the header is %x", response[:headerSize])
			}
		})
	}
	response := s.respond(nil, change(edns, whole+6, 1), here, someDay)
	if response[whole+5] != 1 || response[whole+6] != 0 {
		t.Errorf("OPT to a later version is %x, want BADVERS by version 0", response[whole:])
	}
}

// TestEcho holds what is repeated to the client: the casing of the name, RD, CD and DO.
func TestEcho(t *testing.T) {
	s := serverOf(t, shop()...)
	q := query("cAtAlOg.SeRvIcE.PrOd.InTeRnAl.", dnsmessage.TypeSRV, 1232)
	q[3] |= bitCheckingDisabled
	q[len(q)-4] |= 0x80
	m := answerTo(t, s, q, here)
	if got := m.Questions[0].Name.String(); got != "cAtAlOg.SeRvIcE.PrOd.InTeRnAl." {
		t.Errorf("the question is %s", got)
	}
	for _, record := range m.Answers {
		if record.Header.Name != m.Questions[0].Name {
			t.Errorf("an answer is for %s", record.Header.Name)
		}
	}
	opt := m.Additionals[len(m.Additionals)-1].Header
	if !m.RecursionDesired || !m.CheckingDisabled || m.AuthenticData || !opt.DNSSECAllowed() || opt.Class != 4096 {
		t.Errorf("header is %+v, OPT %+v", m.Header, opt)
	}
	q[2] &^= 1
	if m := answerTo(t, s, q, here); m.RecursionDesired {
		t.Error("RD is set, and was not")
	}
}

// TestBehindAPrefix holds that what buf holds stays, and that pointers count from behind it.
func TestBehindAPrefix(t *testing.T) {
	s := serverOf(t, shop()...)
	buf := s.respond([]byte("prefix"), query("catalog.service.prod.internal.", dnsmessage.TypeSRV, 1232), here, someDay)
	var m dnsmessage.Message
	if err := m.Unpack(buf[len("prefix"):]); err != nil || len(m.Answers) != 3 || len(m.Additionals) != 4 || string(buf[:6]) != "prefix" {
		t.Errorf("%q: %v", buf, err)
	}
	if got := s.respond([]byte("prefix"), nil, here, someDay); string(got) != "prefix" {
		t.Errorf("no response is %q", got)
	}
}

// TestUnusableFields holds that each names the field.
func TestUnusableFields(t *testing.T) {
	view := storeOf().View()
	for setting, s := range map[string]*Server{
		"Server.View":       {},
		"Server.Zone":       {View: view, Zone: "no zone."},
		"Server.TTL":        {View: view, TTL: 1500 * time.Millisecond},
		"Server.PreferZone": {View: view, PreferZone: "A"},
		"Server.MaxAnswers": {View: view, MaxAnswers: -1},
	} {
		var wrong *membership.FieldError
		if err := s.setup(); !errors.As(err, &wrong) || wrong.Setting != setting {
			t.Errorf("%s: %v", setting, err)
		}
	}
	for _, zone := range []string{".", "a..b", "-a", "a_b", strings.Repeat("a", 64), strings.Repeat("a.", 70)} {
		if _, err := newZone(zone); err == nil {
			t.Errorf("zone %q is taken", zone)
		}
	}
	for _, ttl := range []time.Duration{-time.Second, time.Millisecond, 25 * time.Hour} {
		if err := (&Server{View: view, TTL: ttl}).setup(); err == nil {
			t.Errorf("TTL %v is taken", ttl)
		}
	}
	if got := (&Server{TTL: 5 * time.Second}).Linger(); got != 6*time.Second {
		t.Errorf("Linger() = %v", got)
	}
	if got := new(Server).Linger(); got != 2*time.Second {
		t.Errorf("Linger() = %v", got)
	}
}

// TestNamesThatAreNoHostNames holds that each is warned of once, and that the memory is bounded.
func TestNamesThatAreNoHostNames(t *testing.T) {
	var log bytes.Buffer
	store := storeOf(offer("c-1", "", at("under_score", "10.0.0.1:80"), at("fine.name", "10.0.0.1:81"), at("end-", "10.0.0.1:82")))
	s := ready(t, &Server{View: store.View(), Logger: zerolog.New(&log)})
	for range 3 {
		asked(t, s, "x.prod.internal.", dnsmessage.TypeA)
		store.Apply(membership.Heard{Record: offer("x", "", at("under_score", "10.0.0.2:80"))}, membership.Up{Name: "x", BootID: 7})
	}
	text := log.String()
	if strings.Count(text, "under_score") != 1 || strings.Count(text, "end-") != 1 || strings.Contains(text, "fine.name") {
		t.Errorf("the log is %s", text)
	}
	if m := asked(t, s, "under_score.service.prod.internal.", dnsmessage.TypeA); len(m.Answers) != 2 {
		t.Error("the name is not answered all the same")
	}
	for i := range 3 * mostNotices {
		s.notices.first(strings.Repeat("x", i))
	}
	if len(s.notices.seen) != mostNotices {
		t.Errorf("%d notices are kept", len(s.notices.seen))
	}
}

// TestAddressesThatNoRecordHolds holds that such instances are left out with one warning.
func TestAddressesThatNoRecordHolds(t *testing.T) {
	var log bytes.Buffer
	s := ready(t, &Server{Logger: zerolog.New(&log), View: storeOf(
		offer("good", "", at("catalog", "10.0.0.1:80")),
		offer("linklocal", "", at("catalog", "[fe80::1%eth0]:80"), at("alone", "[fe80::1%eth0]:80")),
		offer("mapped", "", at("catalog", "[::ffff:10.0.0.2]:80")),
		offer("dots", "", at("catalog", "a..b:80")),
	).View()})
	for range 2 {
		m := asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeSRV)
		if len(m.Answers) != 2 || len(m.Additionals) != 3 {
			t.Errorf("the answer is %q %q", lines(m.Answers), lines(m.Additionals))
		}
	}
	if text := log.String(); strings.Count(text, "fe80::1%eth0") != 1 || strings.Count(text, "a..b") != 1 || strings.Count(text, "\n") != 2 {
		t.Errorf("the log is %s", text)
	}
	m := asked(t, s, "alone.service.prod.internal.", dnsmessage.TypeA)
	if m.RCode != dnsmessage.RCodeSuccess || len(m.Answers) != 0 {
		t.Errorf("a service without an address is %v %q", m.RCode, lines(m.Answers))
	}
}

// TestSerial holds when the serial of SOA grows.
func TestSerial(t *testing.T) {
	before := serialBase(someDay)
	grows := func(from, to uint32) bool { return int32(to-from) > 0 } // RFC 1982
	if !grows(before+16*3600-1, serialBase(someDay.Add(time.Hour))) {
		t.Error("it does not grow over a restart")
	}
	if !grows(before, serialBase(someDay.Add(4*365*24*time.Hour))) {
		t.Error("it does not grow over four years")
	}
	store := storeOf()
	one := serialOf(before, store.View().Snapshot())
	store.Apply(membership.Heard{Record: offer("a", "", at("x", "a:1"))}, membership.Up{Name: "a", BootID: 7})
	if two := serialOf(before, store.View().Snapshot()); !grows(one, two) {
		t.Errorf("%d follows %d", two, one)
	}
}
