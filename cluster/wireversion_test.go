package cluster

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

func TestNewestCommon(t *testing.T) {
	for name, tt := range map[string]struct {
		own  byte
		meta []byte
		want byte // 0 for none
	}{
		"both old":               {1, []byte{1, 1}, 1},
		"both new":               {2, []byte{1, 2}, 2},
		"the other is older":     {2, []byte{1, 1}, 1},
		"the other is newer":     {1, []byte{1, 2}, 1},
		"the other forgot some":  {2, []byte{2, 5}, 2},
		"the other forgot all":   {1, []byte{2, 5}, 0},
		"the other is no member": {2, nil, 0},
	} {
		if got, err := newestCommon(tt.own, tt.meta); got != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("%s: newestCommon(%d, %v) = %d, %v, want %d", name, tt.own, tt.meta, got, err, tt.want)
		}
	}
}

// A peer's form is known from the moment when it is seen alive.
func TestFault31_UpSaysTheForm(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	for most := byte(1); most <= membership.WireVersion+1; most++ {
		delegate{n}.NotifyJoin(&memberlist.Node{Name: "a@0000000000000001", Meta: []byte{1, most}})
		event := n.inbox.take()[0].(upEvent)
		if want := min(most, membership.WireVersion); event.wire != want {
			t.Errorf("to one that speaks up to %d records go in form %d, want %d", most, event.wire, want)
		}
	}
}

// A member that acts as the first release reads and writes what that one did.
func TestFault31_ActingAsAnOlderRelease(t *testing.T) {
	forms, err := encodeForms(nil, recordOf("a"), 1)
	if err != nil || len(forms[1]) == 0 || len(forms[2]) != 0 {
		t.Errorf("it writes %d and %d bytes, %v", len(forms[1]), len(forms[2]), err)
	}
	if _, err := decodeRecord(forms[1], 1); err != nil {
		t.Errorf("it refuses its own form: %v", err)
	}
	newest := mustEncode(t, recordOf("a"))
	_, err = decodeRecord(newest, 1)
	if !errors.Is(err, membership.ErrMalformed) || !strings.Contains(err.Error(), "wire version 2, this member speaks 1 to 1") {
		t.Errorf("what it says of a newer form: %v", err)
	}
	if _, err := decodeRecord(nil, 1); !errors.Is(err, membership.ErrMalformed) {
		t.Errorf("what it says of nothing: %v", err)
	}
}

// Whatever form it came in, what a release does not read is not taken.
func TestFault31_AnOlderReleaseRefusesANewerForm(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	relayed := encodeRecords(n.id, []membership.Heard{{Record: recordOf("a")}}, membership.WireVersion)[0]
	for wire, want := range map[byte]int{1: 0, 2: 1} {
		n.wire = wire
		receive(n, pushOf(t, "a"))
		if events := n.inbox.take(); len(events) != want {
			t.Errorf("wire version %d: %d events, want %d", wire, len(events), want)
		}
		receive(n, relayed)
		if events := n.inbox.take(); len(events) != want {
			t.Errorf("wire version %d: %d events of what another passed on, want %d", wire, len(events), want)
		}
	}
}
