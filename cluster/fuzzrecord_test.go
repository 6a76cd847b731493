package cluster

import (
	"bytes"
	"net/netip"
	"reflect"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

// seedPushes are pushes of small and full records, in both forms.
func seedPushes(f *testing.F) (pushes [][]byte) {
	full := recordOf("a")
	full.State, full.Zone, full.Metadata = membership.Draining, "eu-1", map[string]string{"k": "v", "l": ""}
	full.Services = []membership.Service{{Name: "s", Address: "a.example:80", Version: "1.2", Tags: []string{"t"}, Weight: 100,
		Metadata: map[string]string{"m": "n"}}, {Name: "t", Address: "[fd00::7]:1", Weight: 1}}
	for _, record := range []membership.Record{{Name: "a", Boot: membership.Boot{ID: 1}, Version: 1}, recordOf("a"), full} {
		for _, from := range []string{"10.0.0.7:7946", "[fd00::7]:1", "127.0.0.1:65535"} {
			for _, wire := range []byte{membership.OldestWireVersion, membership.WireVersion} {
				encoded, err := record.Encode(nil, wire)
				if err != nil {
					f.Fatal(err)
				}
				pushes = append(pushes, append(appendPush(nil, netip.MustParseAddrPort(from), metaOf(wire)), encoded...))
			}
		}
	}
	return pushes
}

// wrongPush reports what is wrong with a push that was read.
func wrongPush(push pushEvent, newest byte) string {
	if !push.from.IsValid() || push.from.Port() == 0 || push.from.Addr().IsUnspecified() || push.from.Addr().Zone() != "" {
		return "memberlist is told that its owner is at " + push.from.String()
	}
	if err := push.record.Check(); err != nil {
		return err.Error()
	}
	encoded, err := push.record.Encode(appendPush(nil, push.from, push.meta), newest)
	if err != nil {
		return err.Error()
	}
	if again, err := decodePush(encoded, newest); err != nil || !reflect.DeepEqual(again, push) {
		return "it does not come back as it was"
	}
	return ""
}

func FuzzDecodePush(f *testing.F) {
	for _, push := range seedPushes(f) {
		f.Add(push)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, newest := range []byte{membership.OldestWireVersion, membership.WireVersion} {
			if push, err := decodePush(body, newest); err == nil {
				if wrong := wrongPush(push, newest); wrong != "" {
					t.Errorf("%x is read as %+v: %s", body, push, wrong)
				}
			}
		}
	})
}

func FuzzDecodeRelay(f *testing.F) {
	for _, push := range seedPushes(f) {
		f.Add(append(appendText(appendText(nil, "a@0000000000000001"), "b@0000000000000001"), push...))
		f.Add(append(appendText(appendText(nil, ""), "z"), push...))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, newest := range []byte{membership.OldestWireVersion, membership.WireVersion} {
			first, last, push, err := decodeRelay(body, newest)
			if err != nil {
				continue
			}
			if wrong := wrongPush(push, newest); wrong != "" || len(first) > 255 || len(last) > 255 {
				t.Errorf("%x is read as %q, %q, %+v: %s", body, first, last, push, wrong)
			}
		}
	})
}

func FuzzDecodeBranch(f *testing.F) {
	for _, wire := range []byte{membership.OldestWireVersion, membership.WireVersion} {
		encoded, err := recordOf("b").Encode(nil, wire)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encodeBranch(identity{"a", 1}, encoded)[1:])
		f.Add(encodeBranch(identity{"a", 1}, encoded[:len(encoded)-1])[1:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, newest := range []byte{membership.OldestWireVersion, membership.WireVersion} {
			relay, record, err := decodeBranch(body, newest)
			if err != nil {
				continue
			}
			encoded, err := record.Encode(nil, newest)
			if err != nil || membership.CheckName("", relay.name) != nil {
				t.Fatalf("%x is read as %v, %+v: %v", body, relay, record, err)
			}
			from, again, err := decodeBranch(encodeBranch(relay, encoded)[1:], newest)
			if err != nil || from != relay || !reflect.DeepEqual(again, record) {
				t.Errorf("%+v of %v becomes %+v of %v: %v", record, relay, again, from, err)
			}
		}
	})
}

func FuzzDecodeRelayed(f *testing.F) {
	f.Add(relayedMessage{identity{"a", 1}, 2, nil}.encode()[1:])
	f.Add(relayedMessage{identity{"a", 1}, 2, []uint64{1, 2, 3}}.encode()[1:])
	f.Fuzz(func(t *testing.T, body []byte) {
		if m, err := decodeRelayed(body); err == nil && (len(m.boots) > mostBranch || !bytes.Equal(m.encode()[1:], body)) {
			t.Errorf("%x is read as %+v, which is written %x", body, m, m.encode())
		}
	})
}

// FuzzHeadsCost holds what a message of heads counts against what it asks for.
func FuzzHeadsCost(f *testing.F) {
	f.Add(headsMessage{from: identity{"a", 1}, asks: true}.encode()[1:])
	f.Add(headsMessage{from: identity{"a", 1}, asks: true, first: "b", last: "b"}.encode()[1:])
	f.Add(headsMessage{from: identity{"a", 1}, asks: true, first: "b", last: "c"}.encode()[1:])
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeHeadsMessage(body)
		if err != nil {
			_ = asksOfMany(body)
			return
		}
		if many := m.asks && (m.last == "" || m.first != m.last); many != asksOfMany(body) {
			t.Errorf("%x asks of many: %v", body, asksOfMany(body))
		}
		if last := len(m.heads) - 1; last >= 0 && (m.heads[0].Name < m.first || m.last != "" && m.heads[last].Name > m.last) {
			t.Errorf("%x has heads out of its range", body)
		}
	})
}
