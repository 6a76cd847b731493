package dnsendpoint

import (
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// TestTruncation asks at each size that a client may allow. The response is never larger, holds
// whole records, and has room for no further one; glue comes only after all answers.
func TestTruncation(t *testing.T) {
	const instances = 60
	s := serverOf(t, many(instances)...)
	everything := lines(asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeSRV).Answers)
	// The last of the two is what a glue record takes: a pointer to the zone, two labels, the
	// head of a record and an address.
	const answerTakes, glueTakes = 2 + 10 + 6 + 1 + 10 + 5 + 15, 1 + 10 + 5 + 2 + 10 + 4
	q := query("catalog.service.prod.internal.", dnsmessage.TypeSRV, 1)
	for size := 0; size <= 4200; size++ {
		q[len(q)-8], q[len(q)-7] = byte(size>>8), byte(size)
		allowed := min(max(size, 512), 4096)
		response := s.respond(nil, q, here, someDay)
		m := answerTo(t, s, q, here)
		if len(response) > allowed {
			t.Fatalf("%d bytes for a client that takes %d", len(response), allowed)
		}
		glue := len(m.Additionals) - 1 // less OPT
		switch cut := len(m.Answers) < instances; {
		case m.Truncated != cut:
			t.Fatalf("size %d: TC is %v with %d answers", size, m.Truncated, len(m.Answers))
		case cut && (glue > 0 || allowed-len(response) >= answerTakes):
			t.Fatalf("size %d: %d answers and %d glue in %d bytes", size, len(m.Answers), glue, len(response))
		case !cut && glue < instances && allowed-len(response) >= glueTakes:
			t.Fatalf("size %d: %d glue in %d bytes", size, glue, len(response))
		}
		for _, one := range lines(m.Answers) {
			if !slices.Contains(everything, one) {
				t.Fatalf("size %d: answer %s is none", size, one)
			}
		}
	}
}

// TestLimits holds the size by where the client is and by what it speaks.
func TestLimits(t *testing.T) {
	s := serverOf(t, many(400)...)
	proved := func() []byte {
		q := query("catalog.service.prod.internal.", dnsmessage.TypeA, 4096)
		client := [8]byte{1, 2, 3}
		server, _ := s.cookie(client, nil, away.addr, someDay)
		q[len(q)-1] = 28
		q = append(append(q, 0, optionCookie, 0, 24), client[:]...)
		return append(q, server[:]...)
	}()
	unproved := slices.Clone(proved)
	unproved[len(unproved)-1] ^= 1
	plain := query("catalog.service.prod.internal.", dnsmessage.TypeA, 0)
	large := query("catalog.service.prod.internal.", dnsmessage.TypeA, 65000)
	for name, tt := range map[string]struct {
		query       []byte
		from        source
		least, most int
		code        dnsmessage.RCode
		truncated   bool
	}{
		"loopback without EDNS":     {plain, here, 512 - 16, 512, 0, true},
		"loopback":                  {large, here, 4096 - 16, 4096, 0, true},
		"remote, address proved":    {proved, away, 1232 - 16, 1232, 0, true},
		"remote, a wrong cookie":    {unproved, away, 40, 3 * len(unproved), rcodeBadCookie, false},
		"remote without a cookie":   {large, away, 40, 3 * len(large), 0, true},
		"remote without EDNS":       {plain, away, len(plain), len(plain), 0, true},
		"TCP without EDNS, all fit": {plain, stream, 400 * 16, 65535, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			response := s.respond(nil, tt.query, tt.from, someDay)
			m := answerTo(t, s, tt.query, tt.from)
			code := m.RCode
			for _, record := range m.Additionals {
				if record.Header.Type == dnsmessage.TypeOPT {
					code = record.Header.ExtendedRCode(m.RCode)
				}
			}
			if len(response) < tt.least || len(response) > tt.most || code != tt.code || m.Truncated != tt.truncated {
				t.Errorf("%d bytes, code %v, TC %v; want %d to %d bytes, code %v, TC %v",
					len(response), code, m.Truncated, tt.least, tt.most, tt.code, tt.truncated)
			}
		})
	}
}
