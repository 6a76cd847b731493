package membership

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func encode(t testing.TB, r Record) []byte {
	t.Helper()
	encoded, err := r.Encode(nil)
	if err != nil {
		t.Fatalf("Encode(%+v): %v", r, err)
	}
	return encoded
}

func TestRecordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := anyRecord.Draw(t, "record")
		encoded, err := sent.Encode([]byte("before"))
		if err != nil {
			t.Fatalf("Encode: %v", err)
		}
		encoded, ok := bytes.CutPrefix(encoded, []byte("before"))
		if !ok {
			t.Fatal("Encode did not append")
		}
		got, err := DecodeRecord(encoded)
		if err != nil {
			t.Fatalf("DecodeRecord: %v", err)
		}
		if !reflect.DeepEqual(got, sent) {
			t.Fatalf("got  %+v\nsent %+v", got, sent)
		}
		if again, err := got.Encode(nil); err != nil || !bytes.Equal(again, encoded) {
			t.Fatalf("encoded again it is %x, %v; first it was %x", again, err, encoded)
		}
	})
}

// What the wire does not tell apart: a weight of 0 and the default, no tags and an empty list of them.
func TestEqualRecordsHaveEqualBytes(t *testing.T) {
	plain := member("a", Service{Name: "users", Address: "a:1"})
	none := map[string]string{}
	spelled := member("a", Service{Name: "users", Address: "a:1", Weight: 100, Tags: []string{}, Metadata: none})
	spelled.Metadata = none
	if one, other := encode(t, plain), encode(t, spelled); !bytes.Equal(one, other) {
		t.Errorf("%x\n%x", one, other)
	}
}

// A peer of any release reads these bytes: a failure here means a new WireVersion, not a new literal.
func TestFault31_GoldenRecord(t *testing.T) {
	r := Record{
		Name: "users-1", Boot: Boot{Number: 2, ID: 0x00c0ffee00c0ffee}, Version: 300, State: Draining, Zone: "eu",
		Services: []Service{
			{Name: "users", Address: "10.0.0.7:80", Version: "v2", Tags: []string{"blue", ""}, Weight: 250,
				Metadata: map[string]string{"z": "1", "a": "β"}},
			{Name: "admin", Address: "a:1", Weight: 100},
		},
		Metadata: map[string]string{"rack": "12"},
	}
	golden := strings.Join([]string{
		"01",                       // wire version
		"0775736572732d31",         // name: users-1
		"02",                       // boot number
		"00c0ffee00c0ffee",         // boot ID
		"ac02",                     // version: 300
		"01",                       // state: draining
		"026575",                   // zone: eu
		"02",                       // two services
		"057573657273",             // first: users
		"0b31302e302e302e373a3830", // 10.0.0.7:80
		"027632",                   // v2
		"0204626c756500",           // two tags: blue and an empty one
		"fa01",                     // weight: 250
		"02016102ceb2017a0131",     // two pairs: a=β, z=1
		"0561646d696e",             // second: admin
		"03613a31",                 // a:1
		"00",                       // no version
		"00",                       // no tags
		"64",                       // weight: 100
		"00",                       // no metadata
		"01047261636b023132",       // one pair: rack=12
	}, "")
	if got := hex.EncodeToString(encode(t, r)); got != golden {
		t.Errorf("encoded as\n%s, want\n%s", got, golden)
	}
	wire, err := hex.DecodeString(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeRecord(wire); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("decoded as %+v, %v", got, err)
	}
}

func TestDecodedRecordSharesNothingWithTheBuffer(t *testing.T) {
	sent := member("a", Service{Name: "users", Address: "a:1", Version: "v2", Tags: []string{"blue"}, Weight: 1,
		Metadata: map[string]string{"k": "v"}})
	sent.Zone, sent.Metadata = "eu", map[string]string{"rack": "12"}
	buf := encode(t, sent)
	got, err := DecodeRecord(buf)
	if err != nil {
		t.Fatal(err)
	}
	for i := range buf {
		buf[i] = '#' // as the next packet in the same buffer would
	}
	if !reflect.DeepEqual(got, sent) {
		t.Errorf("got %+v, want %+v", got, sent)
	}
}
