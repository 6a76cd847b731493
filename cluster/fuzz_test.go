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
	f.Fuzz(func(t *testing.T, state []byte) {
		decodeState(state, membership.WireVersion)
		known, _ := decodeState(state, membership.OldestWireVersion) // in which a state is written
		if len(known) == 0 {
			return
		}
		again := []byte{stateVersion}
		for _, s := range known {
			again = appendSighting(again, s)
		}
		if len(again) > len(state) {
			t.Errorf("%d bytes became %d", len(state), len(again))
		}
		if got, err := decodeState(again, membership.OldestWireVersion); err != nil || !reflect.DeepEqual(got, known) {
			t.Errorf("%+v becomes %+v, %v on its way", known, got, err)
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
		if grown := len(n.store.Records()) - 1; grown > len(message)/leastRecord {
			t.Errorf("%d bytes became %d records", len(message), grown)
		}
		if self, ok := n.View().Snapshot().Member("self"); !ok || self.Boot.ID != n.id.boot {
			t.Errorf("the node's own record became %+v", self)
		}
	})
}

// leastRecord is less than any record takes in a state: its age, its length, a boot ID and a name.
const leastRecord = 12
