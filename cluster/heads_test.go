package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

var (
	fullHeads = headsMessage{identity{"a", 0xc0ffee}, true, "b", "c", []membership.Head{headOf("b"), goneHead("c")}}
	fullWant  = wantMessage{identity{"a", 0xc0ffee}, []string{"b", "c-1"}}
)

// TestPartsCoverAll has more heads than one message takes: each name is in the range of one part, and only of one.
func TestPartsCoverAll(t *testing.T) {
	var heads []membership.Head
	for i := range 10_000 {
		heads = append(heads, headOf(fmt.Sprintf("%05d", i)))
	}
	parts := partsOf(fullHeads.from, heads)
	at := 0
	for i, part := range parts {
		if size := len(part.encode()); size > transport.MaxMessage || !part.asks || (part.last == "") != (i == len(parts)-1) {
			t.Errorf("part %d: %d bytes, asks %v, from %q to %q", i, size, part.asks, part.first, part.last)
		}
		if i > 0 && part.first <= parts[i-1].last {
			t.Errorf("part %d begins at %q, the one before ends with %q", i, part.first, parts[i-1].last)
		}
		for _, h := range part.heads {
			if h.Name != heads[at].Name || h.Name < part.first || part.last != "" && h.Name > part.last {
				t.Fatalf("%q is in the part from %q to %q, want %q", h.Name, part.first, part.last, heads[at].Name)
			}
			at++
		}
	}
	if at != len(heads) || len(parts) < 2 {
		t.Errorf("%d heads in %d parts", at, len(parts))
	}
	if none := partsOf(fullHeads.from, nil); len(none) != 1 || !none[0].asks {
		t.Errorf("who knows nothing asks %+v", none)
	}
}

// TestRecordsAreSentInParts has records of 60 KiB: each arrives whole.
func TestRecordsAreSentInParts(t *testing.T) {
	var records []membership.Heard
	for i := range 5 {
		r := recordOf(fmt.Sprint(i))
		r.Metadata = map[string]string{"k": strings.Repeat("v", 60<<10)}
		records = append(records, membership.Heard{Record: r}, membership.Heard{Record: recordOf(fmt.Sprint("small-", i))})
	}
	var got []membership.Heard
	for _, message := range encodeRecords(fullWant.from, records, membership.WireVersion) {
		if len(message) > transport.MaxMessage {
			t.Errorf("a message of %d bytes", len(message))
		}
		part, err := decodeRecords(message[1:], membership.WireVersion)
		if err != nil || part.from != fullWant.from {
			t.Fatalf("from %v: %v", part.from, err)
		}
		got = append(got, part.records...)
	}
	if !reflect.DeepEqual(got, records) {
		t.Errorf("%d records of %d arrive, or others", len(got), len(records))
	}
}

func TestExchangeRefused(t *testing.T) {
	records := encodeRecords(fullWant.from, []membership.Heard{{Record: recordOf("b")}}, membership.WireVersion)[0]
	begin := appendText(nil, fullWant.from.String())
	for end := range records[1:] {
		if m, err := decodeRecords(records[1:][:end], membership.WireVersion); err == nil && end != len(begin) {
			t.Errorf("the first %d bytes: %+v", end, m)
		}
	}
	record := mustEncode(t, recordOf("b"))
	sized := func(gone, size uint64) []byte {
		buf := binary.AppendUvarint(begin[:len(begin):len(begin)], gone)
		return append(binary.AppendUvarint(buf, size), record...)
	}
	for name, decode := range map[string]func() (any, error){
		"heads: neither asks nor tells":       func() (any, error) { return decodeHeadsMessage(append(begin[:len(begin):len(begin)], 2, 0, 0)) },
		"heads: no range":                     func() (any, error) { return decodeHeadsMessage(append(begin[:len(begin):len(begin)], 1)) },
		"heads: of nobody":                    func() (any, error) { return decodeHeadsMessage([]byte{0, 1, 0, 0}) },
		"heads: cut short":                    func() (any, error) { b := fullHeads.encode(); return decodeHeadsMessage(b[1 : len(b)-1]) },
		"want: names out of order":            func() (any, error) { return decodeWant(wantMessage{fullWant.from, []string{"b", "a"}}.encode()[1:]) },
		"want: a name twice":                  func() (any, error) { return decodeWant(wantMessage{fullWant.from, []string{"a", "a"}}.encode()[1:]) },
		"want: no name":                       func() (any, error) { return decodeWant(wantMessage{fullWant.from, []string{"A"}}.encode()[1:]) },
		"want: cut short":                     func() (any, error) { b := fullWant.encode(); return decodeWant(b[1 : len(b)-1]) },
		"records: one of 2^64-1 bytes":        func() (any, error) { return decodeRecords(sized(0, math.MaxUint64), 2) },
		"records: one of 1 MiB":               func() (any, error) { return decodeRecords(sized(0, 1<<20), 2) },
		"records: gone for 2^64-1 seconds":    func() (any, error) { return decodeRecords(sized(math.MaxUint64, uint64(len(record))), 2) },
		"records: of a form that is not ours": func() (any, error) { return decodeRecords(records[1:], 1) },
	} {
		if m, err := decode(); !errors.Is(err, errMalformed) && !errors.Is(err, membership.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}
