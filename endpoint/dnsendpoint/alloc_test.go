package dnsendpoint

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
	"golang.org/x/net/dns/dnsmessage"
)

// many are n members that offer catalog, each at an address of its own.
func many(n int) []membership.Record {
	members := make([]membership.Record, n)
	for i := range members {
		members[i] = offer(fmt.Sprintf("catalog-%d", i), "a", membership.Service{Name: "catalog", Version: "v2",
			Address: fmt.Sprintf("10.0.%d.%d:8080", i/250, 1+i%250), Weight: 100 + i%3*100})
	}
	return members
}

// TestAnswersMakeNoGarbage holds for A, AAAA and SRV, by each form of a name, and however many
// instances there are.
func TestAnswersMakeNoGarbage(t *testing.T) {
	for _, n := range []int{10, 50, 1000} {
		s := serverOf(t, many(n)...)
		buf := make([]byte, 0, 2*streamSize) // the record that does not fit is written, too
		for _, name := range []string{"catalog.service", "v2.catalog.service", "v2.zone-a._catalog._tcp.service",
			"catalog-7._catalog._tcp", "catalog-7.node", "nobody-of-a-name-that-is-longer-than-32-bytes.node", "nobody.service"} {
			for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeSRV} {
				for _, from := range []source{here, away, stream} {
					q := query(name+".prod.internal.", kind, 1232)
					if allocs := testing.AllocsPerRun(20, func() { s.respond(buf, q, from, someDay) }); allocs > 0 {
						t.Errorf("%s %v of %d instances takes %v allocations", name, kind, n, allocs)
					}
				}
			}
		}
	}
}

func BenchmarkRespond(b *testing.B) {
	for _, n := range []int{10, 50, 1000} {
		for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeSRV} {
			b.Run(fmt.Sprintf("%v-%d", kind, n), func(b *testing.B) {
				s, buf := serverOf(b, many(n)...), make([]byte, 0, streamSize)
				q := query("catalog.service.prod.internal.", kind, 1232)
				b.ReportAllocs()
				for b.Loop() {
					s.respond(buf, q, here, someDay)
				}
			})
		}
	}
}
