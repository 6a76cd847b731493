package cluster

import (
	"bytes"
	"testing"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

func TestNotifyAlive(t *testing.T) {
	d := delegate{idleNode(t, zerolog.Nop())}
	meta := d.NodeMeta(memberlist.MetaMaxSize)
	for name, tt := range map[string]struct {
		node memberlist.Node
		ok   bool
	}{
		"a member":           {memberlist.Node{Name: "a@0000000000000001", Meta: meta}, true},
		"no metadata":        {memberlist.Node{Name: "a@0000000000000001"}, false},
		"a later version":    {memberlist.Node{Name: "a@0000000000000001", Meta: []byte{membership.WireVersion + 1}}, false},
		"more metadata":      {memberlist.Node{Name: "a@0000000000000001", Meta: append(meta, 0)}, false},
		"no boot":            {memberlist.Node{Name: "a", Meta: meta}, false},
		"escapes in a name":  {memberlist.Node{Name: "\x1b[31m@0000000000000001", Meta: meta}, false},
		"no name whatsoever": {memberlist.Node{Meta: meta}, false},
	} {
		if err := d.NotifyAlive(&tt.node); (err == nil) != tt.ok {
			t.Errorf("%s: NotifyAlive = %v", name, err)
		}
	}
}

func TestNotifyMsg(t *testing.T) {
	record := mustEncode(t, recordOf("a"))
	for name, tt := range map[string]struct {
		message []byte
		events  int
		log     bool
	}{
		"record":           {append([]byte{kindRecord}, record...), 1, false},
		"record cut short": {append([]byte{kindRecord}, record[:9]...), 0, true},
		"ack":              {fullNote.encode(kindAck), 1, false},
		"accusation":       {fullNote.encode(kindAccuse), 1, false},
		"probe":            {fullNote.encode(kindProbe), 1, false},
		"answer":           {fullNote.encode(kindAnswer), 1, false},
		"note cut short":   {fullNote.encode(kindAck)[:9], 0, true},
		"of a later kind":  {fullNote.encode(200), 0, false},
		"of kind 0":        {fullNote.encode(0), 0, false},
		"empty":            {nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			n := idleNode(t, zerolog.New(&log))
			delegate{n}.NotifyMsg(tt.message)
			if got := len(n.inbox.take()); got != tt.events || (log.Len() > 0) != tt.log {
				t.Errorf("%d events and log %q, want %d events", got, &log, tt.events)
			}
		})
	}
}

func TestNotifyMsgSharesNothing(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	message := append([]byte{kindRecord}, mustEncode(t, recordOf("a"))...)
	delegate{n}.NotifyMsg(message)
	for i := range message {
		message[i] = 'x' // memberlist may use its buffer again
	}
	if got := n.inbox.take()[0].(pushEvent).record; got.Name != "a" || got.Metadata["rack"] != "12" {
		t.Errorf("the record changed with memberlist's buffer: %+v", got)
	}
}

func TestInbox(t *testing.T) {
	b := newInbox()
	for i := range mostMessages + 10 {
		b.offer(i)
	}
	b.put("kept")
	b.offer("lost")
	select {
	case <-b.filled:
	default:
		t.Error("a full inbox does not say that it is filled")
	}
	events := b.take()
	if len(events) != mostMessages+1 || events[0] != 0 || events[mostMessages] != "kept" {
		t.Errorf("%d events, want %d messages and one that must not be lost", len(events), mostMessages)
	}
	if again := b.take(); len(again) > 0 {
		t.Errorf("%d events twice", len(again))
	}
}
