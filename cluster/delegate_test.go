package cluster

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

func TestNotifyAlive(t *testing.T) {
	d := delegate{idleNode(t, zerolog.Nop())}
	for name, tt := range map[string]struct {
		node memberlist.Node
		says string // the error; "" for none
	}{
		"a member":             {named("a@0000000000000001", 1, 2), ""},
		"an older release":     {named("a@0000000000000001", 1, 1), ""},
		"a later release":      {named("a@0000000000000001", 2, 9), ""},
		"one that forgot ours": {named("a@0000000000000001", 3, 4), "it speaks wire versions 3 to 4, this member 1 to 2"},
		"one before the first": {named("a@0000000000000001", 0, 0), "it speaks wire versions 0 to 0"},
		"an empty range":       {named("a@0000000000000001", 2, 1), "no grapevine member"},
		"no metadata":          {named("a@0000000000000001"), "no grapevine member"},
		"half of it":           {named("a@0000000000000001", 1), "no grapevine member"},
		"more metadata":        {named("a@0000000000000001", 1, 2, 0), "no grapevine member"},
		"no boot":              {named("a", 1, 2), "not name@boot"},
		"escapes in a name":    {named("\x1b[31m@0000000000000001", 1, 2), "member name"},
		"no name whatsoever":   {named("", 1, 2), "not name@boot"},
	} {
		err := d.NotifyAlive(&tt.node)
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: NotifyAlive = %v, want it to say %q", name, err, tt.says)
		}
	}
}

// pushPrefix is what precedes the record in a push.
func pushPrefix() []byte {
	return appendPush([]byte{kindRecord}, netip.MustParseAddrPort("10.0.0.7:7946"), metaOf(membership.WireVersion))
}

// pushOf is what a member of that name pushes.
func pushOf(t *testing.T, name string) []byte {
	return append(pushPrefix(), mustEncode(t, recordOf(name))...)
}

func named(name string, meta ...byte) memberlist.Node { return memberlist.Node{Name: name, Meta: meta} }

func TestNotifyMsg(t *testing.T) {
	record := pushOf(t, "a")
	for name, tt := range map[string]struct {
		message []byte
		events  int
		log     bool
	}{
		"record":            {record, 1, false},
		"record cut short":  {record[:len(record)-1], 0, true},
		"address cut short": {record[:9], 0, true},
		"no address":        {append([]byte{kindRecord, 0, 0}, mustEncode(t, recordOf("a"))...), 0, true},
		"ack":               {fullNote.encode(kindAck), 1, false},
		"accusation":        {fullNote.encode(kindAccuse), 1, false},
		"probe":             {fullNote.encode(kindProbe), 1, false},
		"answer":            {fullNote.encode(kindAnswer), 1, false},
		"note cut short":    {fullNote.encode(kindAck)[:9], 0, true},
		"of a later kind":   {fullNote.encode(200), 0, false},
		"of kind 0":         {fullNote.encode(0), 0, false},
		"empty":             {nil, 0, false},
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
	message := pushOf(t, "a")
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
