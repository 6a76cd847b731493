package cluster

import (
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
	return appendPush([]byte{byte(kindRecord)}, netip.MustParseAddrPort("10.0.0.7:7946"), metaOf(membership.WireVersion))
}

// pushOf is what a member of that name pushes.
func pushOf(t *testing.T, name string) []byte {
	return append(pushPrefix(), mustEncode(t, recordOf(name))...)
}

func named(name string, meta ...byte) memberlist.Node { return memberlist.Node{Name: name, Meta: meta} }

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
