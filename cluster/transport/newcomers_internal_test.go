package transport

import (
	"fmt"
	"net/netip"
	"testing"
)

// BenchmarkNewcomersOfMany tells of a newcomer where thousands of members wait for a slot, as anybody can make it
// seem where nothing is sealed.
func BenchmarkNewcomersOfMany(b *testing.B) {
	end := new(Transport)
	for i := range mostHearsay {
		end.dialSlots.tryTake(fmt.Sprintf("tarpit%d", i))
	}
	tell := func(i int) {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), 1)
		end.newcomers.add(end, &newcomer{id: fmt.Sprintf("x%d@1", i), at: at, by: fmt.Sprintf("teller%d", i)}, mostIntroduced)
	}
	for i := range mostCauses {
		tell(i)
	}
	for i := 0; b.Loop(); i++ {
		tell(mostCauses + i)
	}
}
