package membership

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func encode(t testing.TB, r Record) []byte {
	t.Helper()
	encoded, err := r.Encode(nil, WireVersion)
	if err != nil {
		t.Fatalf("Encode(%+v): %v", r, err)
	}
	return encoded
}

func TestRecordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent, version := anyRecord.Draw(t, "record"), anyVersion.Draw(t, "wire version")
		encoded, err := sent.Encode([]byte("before"), version)
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
		if want := inForm(sent, version); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		if again, err := got.Encode(nil, WireVersion); err != nil || !bytes.Equal(again, encoded) {
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
