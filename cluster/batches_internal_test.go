package cluster

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/grapevine-go/grapevine/membership"
)

// Batches hold the same as the events, in the same order, and each at most mostMerged records.
func TestFault53_BatchesOfRecords(t *testing.T) {
	recordsOf := func(first, n int) (records []membership.Heard) {
		for i := range n {
			records = append(records, membership.Heard{Record: membership.Record{Name: fmt.Sprint(first + i)}})
		}
		return records
	}
	rapid.Check(t, func(t *rapid.T) {
		var events []event
		var want []string
		for i, n := range rapid.SliceOfN(rapid.IntRange(-1, 3*mostMerged), 0, 6).Draw(t, "records, or another event") {
			from := identity{"peer", uint64(i)}
			if n < 0 {
				events, want = append(events, metEvent{from}), append(want, from.String())
				continue
			}
			told := recordsOf(len(want), n)
			for _, known := range told {
				want = append(want, from.String()+" "+known.Record.Name)
			}
			events = append(events, recordsEvent{recordsMessage{from, told}})
		}
		var got []string
		for batch := range batches(events) {
			records := 0
			for _, e := range batch {
				switch e := e.(type) {
				case metEvent:
					got = append(got, e.id.String())
				case recordsEvent:
					records += len(e.records)
					for _, known := range e.records {
						got = append(got, e.from.String()+" "+known.Record.Name)
					}
				}
			}
			if records > mostMerged || len(batch) == 0 {
				t.Fatalf("a batch of %d events has %d records, want 1 to %d", len(batch), records, mostMerged)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("batches hold %d of %d, or in another order", len(got), len(want))
		}
	})
}
