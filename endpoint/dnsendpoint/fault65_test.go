package dnsendpoint

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
	"golang.org/x/net/dns/dnsmessage"
)

// Fault 65: names with dots look like labels. The longest name that exists is meant, and a name that
// is only part of another exists, so that a resolver which asks label by label goes on.
func TestFault65_NamesWithDots(t *testing.T) {
	tagged := membership.Service{Name: "orders", Address: "10.0.0.1:80", Version: "v2", Tags: []string{"eu.west"}}
	plain := serverOf(t, offer("m-1", "", tagged))
	both := serverOf(t, offer("m-1", "", tagged), offer("m.2", "", at("v2.orders", "10.0.0.2:80")))
	for _, tt := range []struct {
		s          *Server
		name, want string
	}{
		{plain, "v2.orders.service", "10.0.0.1"},
		{both, "v2.orders.service", "10.0.0.2"}, // the service of that name hides the label
		{both, "_v2.orders._tcp.service", "10.0.0.2"},
		{both, "v2._orders._tcp.service", "10.0.0.1"}, // which this form can still name
		{both, "eu.west.orders.service", "10.0.0.1"},
		{both, "west.orders.service", "NODATA"},
		{both, "east.orders.service", "NXDOMAIN"},
		{both, "m.2.node", "10.0.0.2"},
		{both, "2.node", "NODATA"},
		{both, "3.node", "NXDOMAIN"},
	} {
		m := asked(t, tt.s, tt.name+".prod.internal.", dnsmessage.TypeA)
		got := "NODATA"
		if m.RCode == dnsmessage.RCodeNameError {
			got = "NXDOMAIN"
		}
		for _, one := range lines(m.Answers) {
			got = strings.Fields(one)[2]
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Fault 66: of 1,000 instances as many are answered as fit, and every one is answered at some time.
func TestFault66_ThousandInstances(t *testing.T) {
	s := serverOf(t, many(1000)...)
	q := query("catalog.service.prod.internal.", dnsmessage.TypeA, 1232)
	seen := make(map[string]bool)
	for range 400 {
		m := answerTo(t, s, q, here)
		if !m.Truncated || len(m.Answers) != (1232-headerSize-35-optSize)/16 {
			t.Fatalf("%d answers, TC %v", len(m.Answers), m.Truncated)
		}
		for _, one := range lines(m.Answers) {
			seen[one] = true
		}
	}
	if len(seen) != 1000 {
		t.Errorf("%d instances were answered in 400 answers", len(seen))
	}
	m := asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeSRV)
	if len(m.Answers) != 1000 || m.Truncated {
		t.Errorf("over TCP %d answers, TC %v", len(m.Answers), m.Truncated)
	}
	s = serverOf(t, many(3000)...)
	m = asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeSRV)
	if len(m.Answers) < 1200 || len(m.Answers) >= 3000 || m.Truncated {
		t.Errorf("of 3,000 instances %d answers over TCP, TC %v, want what fits without TC", len(m.Answers), m.Truncated)
	}
}

// Fault 67: an instance that leaves while it is asked for is answered before, and never after.
func TestFault67_LeavesWhileItIsAskedFor(t *testing.T) {
	store := storeOf(many(50)...)
	s := ready(t, &Server{View: store.View()})
	s.responses.New = func() any { return newResponse() }
	var work sync.WaitGroup
	gone := make(chan struct{})
	for range 4 {
		work.Go(func() {
			for left := false; ; {
				m := asked(t, s, "catalog.service.prod.internal.", dnsmessage.TypeSRV)
				checkParses(t, s.respond(nil, query("catalog-7.node.prod.internal.", dnsmessage.TypeA, 0), here, someDay))
				text := strings.Join(append(lines(m.Answers), lines(m.Additionals)...), " ")
				if left {
					if len(m.Answers) != 49 || strings.Contains(text, "catalog-7.") {
						t.Errorf("%d instances after one has left", len(m.Answers))
					}
					return
				}
				select {
				case <-gone:
					left = true
				default:
				}
			}
		})
	}
	store.Apply(membership.Down{Name: "catalog-7", BootID: 7, Proof: true})
	close(gone)
	work.Wait()
}

// Fault 68: while the member is isolated its last view is answered, for a second, marked as stale.
func TestFault68_Isolated(t *testing.T) {
	store := storeOf(many(3)...)
	s := ready(t, &Server{View: store.View(), TTL: 60e9})
	ask := func(size uint16) (ttl uint32, stale bool, answers int) {
		m := answerTo(t, s, query("catalog.service.prod.internal.", dnsmessage.TypeA, size), here)
		for _, record := range m.Additionals {
			for _, option := range record.Body.(*dnsmessage.OPTResource).Options {
				stale = stale || option.Code == optionExtendedError && string(option.Data) == "\x00\x03"
			}
		}
		return m.Answers[0].Header.TTL, stale, len(m.Answers)
	}
	check := func(size uint16, wantTTL uint32, wantStale bool) {
		t.Helper()
		if ttl, stale, answers := ask(size); ttl != wantTTL || stale != wantStale || answers != 3 {
			t.Errorf("TTL %d, stale %v, %d answers; want %d, %v, 3", ttl, stale, answers, wantTTL, wantStale)
		}
	}
	check(1232, 60, false)
	for i := range 3 {
		store.Apply(membership.Down{Name: fmt.Sprint("catalog-", i), BootID: 7})
	}
	if store.View().Snapshot().Err() == nil {
		t.Fatal("the member is not isolated")
	}
	check(1232, 1, true)
	check(0, 1, false) // no EDNS to say it in
	store.Apply(membership.Up{Name: "catalog-0", BootID: 7})
	check(1232, 60, false)
}
