package dnsendpoint

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

func TestRateLimitIsATokenBucket(t *testing.T) {
	now := time.Unix(1e9, 0)
	r := newRateLimit(now)
	passed := func() (n int) {
		for range 3 * queryBurst {
			if r.allow(prefix("10.0.0.0/24"), now) {
				n++
			}
		}
		return n
	}
	if got := passed(); got != queryBurst {
		t.Errorf("%d queries pass at once, want %d", got, queryBurst)
	}
	now = now.Add(100 * time.Millisecond)
	if got := passed(); got != queryRate/10 {
		t.Errorf("%d queries pass after 100 ms, want %d", got, queryRate/10)
	}
	now = now.Add(time.Hour)
	if got := passed(); got != queryBurst {
		t.Errorf("%d queries pass after an hour, want a burst of %d", got, queryBurst)
	}
}

// TestRateLimitOfEachPrefix floods 50 networks, and asks once from each of 10,000 others. That one
// of these finds both its buckets empty has a chance of 10,000 * (50/4096)^2, so a few may.
func TestRateLimitOfEachPrefix(t *testing.T) {
	now := time.Unix(1e9, 0)
	r := newRateLimit(now)
	network := func(i uint32) netip.Prefix {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], i<<8)
		return netip.PrefixFrom(netip.AddrFrom4(ip), prefix4)
	}
	for i := range uint32(50) {
		for range 3 * queryBurst {
			r.allow(network(i), now)
		}
		if r.allow(network(i), now) {
			t.Errorf("network %d is not limited", i)
		}
	}
	refused := 0
	for i := range uint32(10_000) {
		if !r.allow(network(1000+i), now) {
			refused++
		}
	}
	if refused > 20 {
		t.Errorf("%d of 10,000 networks are limited because others flood", refused)
	}
}

func TestRateLimitMakesNoGarbage(t *testing.T) {
	now := time.Now()
	r := newRateLimit(now)
	if allocs := testing.AllocsPerRun(100, func() { r.allow(prefixOf(netip.MustParseAddr("fd00::1")), now) }); allocs > 0 {
		t.Errorf("a query takes %v allocations", allocs)
	}
}

func TestPrefixOf(t *testing.T) {
	for address, want := range map[string]string{
		"10.1.2.3":             "10.1.2.0/24",
		"::ffff:10.1.2.3":      "10.1.2.0/24",
		"2001:db8:1:2ff::1":    "2001:db8:1:200::/56",
		"fe80::1%eth0":         "fe80::/56",
		"2001:db8:1:2ab:ff::1": "2001:db8:1:200::/56",
	} {
		if got := prefixOf(netip.MustParseAddr(address)); got != prefix(want) {
			t.Errorf("%s is in %v, want %s", address, got, want)
		}
	}
	if got := prefixOf(netip.Addr{}); got.IsValid() {
		t.Errorf("no address is in %v", got)
	}
}

func TestQuestionEnd(t *testing.T) {
	good := append(make([]byte, headerSize), "\x07catalog\x08internal\x00\x00\x01\x00\x01rest"...)
	good[5] = 1
	change := func(at int, to byte) []byte {
		b := append([]byte(nil), good...)
		b[at] = to
		return b
	}
	for name, tt := range map[string]struct {
		query []byte
		want  int
	}{
		"a query":          {good, len(good) - len("rest")},
		"a response":       {change(2, bitResponse>>8), -1},
		"an update":        {change(2, 5<<3), -1},
		"two questions":    {change(5, 2), -1},
		"no question":      {change(5, 0), -1},
		"no kind of label": {change(headerSize, 0x80), -1},
		"too long a label": {change(headerSize, 63), -1},
		"cut in the type":  {good[:len(good)-len("rest")-1], -1},
		"half a header":    {good[:headerSize-1], -1},
		"nothing":          {nil, -1},
	} {
		if got := questionEnd(tt.query); got != tt.want {
			t.Errorf("%s: the question ends at %d, want %d", name, got, tt.want)
		}
	}
}
