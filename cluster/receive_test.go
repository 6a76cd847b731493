package cluster

import (
	"bytes"
	"testing"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

func TestReceiveRecord(t *testing.T) {
	record := pushOf(t, "a")
	for name, tt := range map[string]struct {
		message []byte
		from    string
		events  int
	}{
		"whole":                     {record, "", 1},
		"from its owner":            {record, "a@0000000000c0ffee", 1},
		"from an older boot":        {record, "a@0000000000c0ffed", 0},
		"from another member":       {record, "b@0000000000c0ffee", 0},
		"cut short":                 {record[:len(record)-1], "", 0},
		"its address cut short":     {record[:9], "", 0},
		"without an address":        {append([]byte{byte(kindRecord), 0, 0}, mustEncode(t, recordOf("a"))...), "", 0},
		"nothing but what it is":    {record[:1], "", 0},
		"to be confirmed by stream": {append([]byte{byte(kindInsist)}, record[1:]...), "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			n := idleNode(t, zerolog.New(&log))
			n.handlers()[transport.Kind(tt.message[0])](transport.From{ID: tt.from}, tt.message[1:])
			if got := len(n.inbox.take()); got != tt.events || (log.Len() > 0) != (tt.events == 0) {
				t.Errorf("%d events and log %q, want %d events", got, &log, tt.events)
			}
		})
	}
}

func TestReceiveNote(t *testing.T) {
	whole := fullNote.encode(kindAck)[1:]
	for name, tt := range map[string]struct {
		body []byte
		from string
		want bool
	}{
		"whole":               {whole, "", true},
		"from its sender":     {whole, "catalog-1@0000000000000001", true},
		"from another boot":   {whole, "catalog-1@0000000000000002", false},
		"from another member": {whole, "pricing-1@0000000000c0ffee", false},
		"cut short":           {whole[:9], "", false},
		"empty":               {nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			n := idleNode(t, zerolog.New(&log))
			handled := false
			n.receiveNote(func(m note) { handled = m == fullNote })(transport.From{ID: tt.from}, tt.body)
			if handled != tt.want || (log.Len() > 0) == tt.want {
				t.Errorf("handled = %v, want %v; log %q", handled, tt.want, &log)
			}
		})
	}
}

// Every kind has a handler, and no other number has.
func TestEveryKindIsHandled(t *testing.T) {
	handlers := idleNode(t, zerolog.Nop()).handlers()
	for kind := kindRecord; kind <= kindLoadAnswer; kind++ {
		if handlers[kind] == nil {
			t.Errorf("kind %d is not handled", kind)
		}
	}
	if len(handlers) != int(kindLoadAnswer) || kindLoadAnswer > transport.LastKind {
		t.Errorf("%d kinds are handled, up to %d", len(handlers), kindLoadAnswer)
	}
}
