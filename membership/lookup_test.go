package membership

import (
	"testing"
)

const many = 1000 // instances of one service

func TestLookupAllocatesNothing(t *testing.T) {
	view := storeOf(crowd(many)...).View()
	if got := len(view.Snapshot().Available("users")); got != many {
		t.Fatalf("%d instances available, want %d", got, many)
	}
	for name, lookup := range map[string]func(){
		"Instances": func() { view.Snapshot().Instances("users") },
		"Available": func() { view.Snapshot().Available("users") },
		"Addresses": func() { view.Snapshot().Addresses("users") },
		"Members":   func() { view.Snapshot().Members() },
		"Member":    func() { view.Snapshot().Member("m0500") },
		"nobody":    func() { view.Snapshot().Available("nobody") },
	} {
		if allocs := testing.AllocsPerRun(100, lookup); allocs != 0 {
			t.Errorf("%s allocates %v times", name, allocs)
		}
	}
}

// Every caller gets the same array, at its full capacity, so that not even append writes to it.
func TestLookupsShareOneArray(t *testing.T) {
	peers := crowd(many)
	peers[0].State = Draining
	snapshot := storeOf(peers...).View().Snapshot()
	one, other := snapshot.Available("users"), snapshot.Available("users")
	if &one[0] != &other[0] || cap(one) != len(one) {
		t.Errorf("Available gives %p and %p, of length %d and capacity %d", one, other, len(one), cap(one))
	}
	all, addresses := snapshot.Instances("users"), snapshot.Addresses("users")
	if cap(all) != len(all) || cap(addresses) != len(addresses) {
		t.Errorf("capacity of instances %d, of addresses %d, more than their lengths", cap(all), cap(addresses))
	}
}

func BenchmarkAvailable(b *testing.B) {
	view := storeOf(crowd(many)...).View()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if len(view.Snapshot().Available("users")) != many {
				b.Error("instances are missing")
			}
		}
	})
}

func BenchmarkMember(b *testing.B) {
	snapshot := storeOf(crowd(many)...).View().Snapshot()
	b.ReportAllocs()
	for b.Loop() {
		snapshot.Member("m0500")
	}
}

func BenchmarkApplyOneOfMany(b *testing.B) {
	crowd := crowd(many)
	s := storeOf(crowd...)
	r := crowd[many/2]
	b.ReportAllocs()
	for b.Loop() {
		r.Version++
		s.Apply(heard(r))
	}
}
