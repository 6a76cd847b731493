package membership

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// checkSnapshot sees that s is in order.
func checkSnapshot(t rapid.TB, s *Snapshot) {
	t.Helper()
	members := s.Members()
	if !slices.IsSortedFunc(members, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) }) {
		t.Errorf("members out of order: %+v", members)
	}
	var offered []string
	for _, m := range members {
		if got, ok := s.Member(m.Name); !ok || got.Boot != m.Boot {
			t.Errorf("Member(%q) = %+v, %v", m.Name, got, ok)
		}
		for _, service := range m.Services {
			offered = append(offered, service.Name)
		}
	}
	slices.Sort(offered)
	if got := s.Services(); !slices.Equal(got, slices.Compact(offered)) {
		t.Errorf("Services() = %q, the members offer %q", got, offered)
	}
	for _, service := range s.Services() {
		checkOffer(t, s, service)
	}
}

func checkOffer(t rapid.TB, s *Snapshot, service string) {
	t.Helper()
	all, available, addresses := s.Instances(service), s.Available(service), s.Addresses(service)
	for _, list := range [][]Instance{all, available} {
		if len(list) == 0 || !slices.IsSortedFunc(list, func(a, b Instance) int { return cmp.Compare(a.Member, b.Member) }) {
			t.Errorf("%s: instances missing or out of order: %+v", service, list)
		}
	}
	order := func(i Instance) string { // how it is called, the best first
		return fmt.Sprint(i.State == Draining, i.Suspected)
	}
	best := order(slices.MinFunc(all, func(a, b Instance) int { return cmp.Compare(order(a), order(b)) }))
	if got := slices.DeleteFunc(slices.Clone(all), func(i Instance) bool { return order(i) != best }); !reflect.DeepEqual(got, available) {
		t.Errorf("%s: available %+v of %+v", service, available, all)
	}
	var want []string
	for _, instance := range available {
		want = append(want, instance.Address)
	}
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(addresses, want) {
		t.Errorf("%s: addresses %q, want %q", service, addresses, want)
	}
}

// The snapshot that grew with every change says the same as one that was made at once, and each on the way is in order.
func TestSnapshotsGrowInStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := rapid.SliceOf(rapid.OneOf(anyHeard, anyUp, anyDown)).Draw(t, "changes")
		grown, atOnce := storeOf(member("witness")), storeOf(member("witness"))
		for _, change := range changes {
			before := grown.View().Snapshot()
			grown.Apply(change)
			after := grown.View().Snapshot()
			checkSnapshot(t, after)
			checkFollows(t, before, after)
		}
		atOnce.Apply(changes...)
		if got, want := picture(grown.View().Snapshot()), picture(atOnce.View().Snapshot()); got != want {
			t.Fatalf("grown\n%s\nat once\n%s", got, want)
		}
	})
}

// checkFollows sees that a snapshot is left only for the next, and told so.
func checkFollows(t rapid.TB, before, after *Snapshot) {
	t.Helper()
	select {
	case <-before.Changed():
		if after.Version() != before.Version()+1 {
			t.Fatalf("version %d after %d", after.Version(), before.Version())
		}
	default:
		if after != before {
			t.Fatal("a new snapshot did not close Changed of the one before")
		}
	}
}
