package cluster

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// The seeds of these targets are in testdata/fuzz.

func FuzzDecodeNote(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeNote(body)
		if err != nil {
			return
		}
		if again := m.encode(kindAck)[1:]; !bytes.Equal(again, body) {
			t.Errorf("%x is read as %+v, which is written %x", body, m, again)
		}
	})
}

func FuzzDecodeState(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := decodeState(body)
		if err != nil {
			return
		}
		if again := s.encode(len(body)); !bytes.Equal(again, body) {
			t.Errorf("%x is read as %+v, which is written %x", body, s, again)
		}
	})
}

func FuzzDecodeHeads(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeHeadsMessage(body)
		if err != nil {
			return
		}
		if again := m.encode()[1:]; !bytes.Equal(again, body) {
			t.Errorf("%x is read as %+v, which is written %x", body, m, again)
		}
	})
}

func FuzzDecodeWant(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeWant(body)
		if err != nil {
			return
		}
		if again := m.encode()[1:]; !bytes.Equal(again, body) {
			t.Errorf("%x is read as %+v, which is written %x", body, m, again)
		}
	})
}

func FuzzDecodeRecords(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeRecords(body, membership.WireVersion)
		if err != nil || len(m.records) == 0 {
			return
		}
		var again recordsMessage
		for _, message := range encodeRecords(m.from, m.records, membership.WireVersion) {
			part, err := decodeRecords(message[1:], membership.WireVersion)
			if err != nil {
				t.Fatal(err)
			}
			again.from, again.records = part.from, append(again.records, part.records...)
		}
		if !reflect.DeepEqual(again, m) {
			t.Errorf("%+v becomes %+v on its way", m, again)
		}
	})
}

func FuzzDecodeLoad(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		if q, err := decodeLoadQuestion(body); err == nil && !bytes.Equal(q.encode()[1:], body) {
			t.Errorf("%x is read as %+v, which is written %x", body, q, q.encode())
		}
		if a, err := decodeLoadAnswer(body); err == nil && !bytes.Equal(a.encode()[1:], body) {
			t.Errorf("%x is read as %+v, which is written %x", body, a, a.encode())
		}
	})
}

// FuzzNotifyMessage gives a node, which knows nobody, whatever a peer may send.
func FuzzNotifyMessage(f *testing.F) {
	f.Fuzz(func(t *testing.T, message []byte) {
		n := idleNode(t, zerolog.Nop())
		d := delegate{n}
		receive(n, message)
		d.MergeRemoteState(message, true)
		_ = d.NotifyAlive(&memberlist.Node{Name: string(message), Meta: d.NodeMeta(memberlist.MetaMaxSize)})
		d.NotifyJoin(&memberlist.Node{Name: string(message), Meta: d.NodeMeta(memberlist.MetaMaxSize)})
		d.NotifyLeave(&memberlist.Node{Name: string(message)})
		events := n.inbox.take()
		if len(events) > 4 {
			t.Errorf("a message became %d events", len(events))
		}
		for _, e := range events {
			n.handle([]event{e})
		}
		n.work.Wait()
		if grown := len(n.store.Heads()) - 1; grown > len(message)/leastRecord {
			t.Errorf("%d bytes became %d heads", len(message), grown)
		}
		if self, ok := n.View().Snapshot().Member("self"); !ok || self.Boot.ID != n.id.boot {
			t.Errorf("the node's own record became %+v", self)
		}
	})
}

// leastRecord is less than any record or head takes: a name, a boot ID and some numbers.
const leastRecord = 12
