package membership

import (
	"fmt"
	"sync"
	"testing"
)

func TestReport(t *testing.T) {
	s := storeOf(member("a", users("a:1")))
	instance := s.View().Snapshot().Instances("users")[0]
	s.View().Report(instance, Refused) // nobody listens: nothing happens

	var got []string
	s.OnReport(func(i Instance, e Evidence) { got = append(got, fmt.Sprint(i.Member, " ", i.Address, " ", e)) })
	s.View().Report(instance, Reset)
	if fmt.Sprint(got) != "[a a:1 connection reset]" {
		t.Errorf("reported %q", got)
	}
	if _, listed := s.View().Snapshot().Member("a"); !listed {
		t.Error("what one call learned removed a member")
	}
}

func TestNothingNewPublishesNothing(t *testing.T) {
	a := member("a", users("a:1"))
	s := storeOf(a, member("b"))
	before := s.View().Snapshot()
	for name, changes := range map[string][]Change{
		"nothing":         nil,
		"the same again":  alive(a),
		"a stranger":      {up(member("c"))},
		"an unseen one":   {heard(member("d"))},
		"gone and back":   {down(a), up(a)},
		"a boot not ours": {down(restarted(a))},
	} {
		s.Apply(changes...)
		if after := s.View().Snapshot(); after != before {
			t.Errorf("%s: version %d follows %d", name, after.Version(), before.Version())
		}
	}
	s.Apply(alive(next(a, Draining), member("e"), member("f"))...)
	if got, want := s.View().Snapshot().Version(), before.Version()+1; got != want {
		t.Errorf("one Apply led from version %d to %d, want %d", before.Version(), got, want)
	}
}

func TestSnapshotsNeverChange(t *testing.T) {
	a := member("a", users("a:1"), Service{Name: "admin", Address: "a:2", Tags: []string{"x"}})
	s := storeOf(append(crowd(5), a)...)
	changed := next(a, Draining)
	changed.Services, changed.Metadata = []Service{users("z:1")}, map[string]string{"k": "v"}
	snapshots, pictures := []*Snapshot{}, []string{}
	for _, changes := range [][]Change{
		nil,
		{heard(changed)},
		{down(a)},
		alive(restarted(a)),
		alive(member("0", users("0:1"))),
		{heard(next(crowd(1)[0], Left))},
	} {
		s.Apply(changes...)
		snapshots = append(snapshots, s.View().Snapshot())
		pictures = append(pictures, picture(s.View().Snapshot()))
		for i, snapshot := range snapshots {
			if got := picture(snapshot); got != pictures[i] {
				t.Errorf("%d changes later snapshot %d tells\n%s\nwant\n%s", len(snapshots)-i, i, got, pictures[i])
			}
		}
	}
}

// What the caller does with its record after Apply is its own affair.
func TestApplyCopies(t *testing.T) {
	a := member("a", Service{Name: "users", Address: "a:1", Tags: []string{"x"}, Metadata: map[string]string{"k": "v"}})
	a.Metadata = map[string]string{"k": "v"}
	s := storeOf(a)
	want := picture(s.View().Snapshot())
	a.Services[0].Tags[0], a.Services[0].Metadata["k"], a.Metadata["k"] = "y", "w", "w"
	a.Services[0].Address = "b:1"
	if got := picture(s.View().Snapshot()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadersAndWritersTogether(t *testing.T) {
	s := storeOf()
	s.OnReport(func(Instance, Evidence) {})
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for i := range 100 {
				r := member(fmt.Sprintf("m%d-%d", w, i%5), users(fmt.Sprintf("m%d:80", i)))
				r.Version = uint64(i + 1)
				s.Apply(alive(r)...)
				s.Apply(down(r))
			}
		})
		readers.Go(func() {
			last := uint64(0)
			for snapshot := range s.View().Watch(t.Context()) {
				if snapshot.Version() <= last {
					t.Errorf("version %d after %d", snapshot.Version(), last)
				}
				last = snapshot.Version()
				checkSnapshot(t, snapshot)
				for _, instance := range snapshot.Available("users") {
					s.View().Report(instance, TimedOut)
				}
				records(s)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	s.Apply(alive(member("last"))...) // wakes those that wait
	readers.Wait()
}

func TestSelf(t *testing.T) {
	if got := NewStore("a").View().Self(); got != "a" {
		t.Errorf("Self = %q, want a", got)
	}
}
