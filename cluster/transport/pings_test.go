package transport

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// pingEnd is as much of a transport as pings need. b is what it knows of the others.
func pingEnd() *Transport {
	k, err := NewKeyring(bytes.Repeat([]byte("0123456789abcdef"), 2))
	if err != nil {
		panic(err)
	}
	t := &Transport{identity: k, own: hello{id: gateMe, address: "192.0.2.1:7946"}}
	t.book.init(true)
	t.proved.init()
	t.relays.init()
	return t
}

// numberIn is the number of a ping, or of a request for one.
func numberIn(t *testing.T, b []byte) uint32 {
	t.Helper()
	read, _, err := packetMessages[b[0]].read(b[1:])
	if err != nil {
		t.Fatal(err)
	}
	return uint32(read.value("SeqNo").number)
}

func answerWith(t *Transport, from string, kind byte, number uint32) []byte {
	message := any(mlAckStruct{number, nil})
	if kind == mlNack {
		message = mlNackStruct{number}
	}
	return t.sift(gateMessage(kind, message), From{ID: from})
}

// TestFault52_OnlyTheAskedMemberAnswers sends a ping and requests for indirect ones, and has several members answer.
func TestFault52_OnlyTheAskedMemberAnswers(t *testing.T) {
	const relay, other = "eve@0000000000000e7e", "mallory@0000000000000001"
	to := Address{Addr: "192.0.2.2:7946", Name: gateYou}
	for name, tt := range map[string]struct {
		indirect bool
		from     string
		kind     byte
		after    time.Duration
		passes   bool
	}{
		"the pinged member":              {false, gateYou, mlAck, 0, true},
		"the pinged member, a late node": {false, gateYou, mlAck, 8 * time.Second, true},
		"another member":                 {false, other, mlAck, 0, false},
		"the pinged member, later":       {false, gateYou, mlAck, pingsLast + time.Millisecond, false},
		"a nack of the pinged member":    {false, gateYou, mlNack, 0, false},
		"the relay":                      {true, relay, mlAck, 0, true},
		"a nack of the relay":            {true, relay, mlNack, 0, true},
		"the target for the relay":       {true, gateYou, mlAck, 0, false},
		"another member for the relay":   {true, other, mlAck, 0, false},
		"a nack of another, for relay":   {true, other, mlNack, 0, false},
		"the relay, when it is too old":  {true, relay, mlAck, pingsLast + time.Millisecond, false},
	} {
		var told []string
		end := pingEnd()
		end.relayed = func(id string) { told = append(told, id) }
		sent := gateMessage(mlPing, gatePing)
		receiver := to
		if tt.indirect {
			sent, receiver = gateMessage(mlIndirectPing, gateIndirect), Address{Addr: "192.0.2.3:7946", Name: relay}
		}
		out := end.numbered(sent, receiver)
		number := numberIn(t, out)
		for _, p := range end.pings.sent {
			p.at = p.at.Add(-tt.after)
		}
		got := answerWith(end, tt.from, tt.kind, number)
		if (got != nil) != tt.passes {
			t.Errorf("%s: memberlist sees the answer: %v", name, got != nil)
		}
		if got != nil && numberIn(t, got) != numberIn(t, sent) {
			t.Errorf("%s: memberlist sees the number %d, it sent %d", name, numberIn(t, got), numberIn(t, sent))
		}
		if told := len(told) == 1; told != (tt.passes && tt.indirect && tt.kind == mlAck) {
			t.Errorf("%s: the owner hears that only a relay was answered: %v", name, told)
		}
		if proved := end.proved.has(to.Addr, to.Name); proved != (tt.passes && !tt.indirect) {
			t.Errorf("%s: it is a proof that the member is there: %v", name, proved)
		}
		if tt.kind == mlAck && tt.passes && answerWith(end, tt.from, tt.kind, number) != nil {
			t.Errorf("%s: the same answer counts twice", name)
		}
	}
}

// TestFault52_NumbersAreDrawn holds that the numbers of pings cannot be foretold, alone or in compounds, with a checksum or without.
func TestFault52_NumbersAreDrawn(t *testing.T) {
	end, to := pingEnd(), Address{Addr: "192.0.2.2:7946", Name: gateYou}
	seen := make(map[uint32]bool)
	small := 0
	for i := range uint32(1000) {
		ping := gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.SeqNo = i }))
		out := end.numbered(ping, to)
		switch i % 3 {
		case 1:
			out = end.numbered(gateCRC(ping), to)
		case 2:
			whole := end.numbered(gateCRC(gateCompound(ping, gateMessage(mlSuspect, gateSuspect))), to)
			if err := checkPacket(whole, ""); err != nil || len(whole) > len(ping)+crcHeader+6+len(gateMessage(mlSuspect, gateSuspect)) {
				t.Fatalf("a compound of %d bytes: %v", len(whole), err)
			}
			eachPart(whole[1:], func(part []byte) error {
				if part[0] == mlPing {
					out = part
				}
				return nil
			})
		}
		number := numberIn(t, out)
		if seen[number] = true; number < 1<<20 {
			small++
		}
	}
	if len(seen) < 1000 || small > 10 {
		t.Errorf("%d numbers for 1000 pings, %d of them small", len(seen), small)
	}
	if len(end.pings.sent) > mostPings || len(end.pings.oldest) > mostPings {
		t.Errorf("%d pings are remembered", len(end.pings.sent))
	}
	for range 5000 {
		end.numbered(gateMessage(mlPing, gatePing), to)
	}
	if len(end.pings.sent) > mostPings || len(end.pings.oldest) > mostPings {
		t.Errorf("%d pings are remembered, %d at most", len(end.pings.sent), mostPings)
	}
}

// TestFault50_ProofDoesNotLast has a member that proved itself be gone: what others say of it later is hearsay again.
func TestFault50_ProofDoesNotLast(t *testing.T) {
	at := netip.MustParseAddrPort("192.0.2.2:7946")
	for name, tt := range map[string]struct {
		id    string
		ago   time.Duration
		alive string // where the owner knows the member to be alive
		knows bool
	}{
		"a moment ago":                 {gateYou, time.Second, "", true},
		"another one":                  {gateMe, time.Second, "", false},
		"a while ago":                  {gateYou, proofLasts + time.Second, "", false},
		"a while ago, and it lives":    {gateYou, proofLasts + time.Second, at.String(), true},
		"a while ago, and moved since": {gateYou, proofLasts + time.Second, "192.0.2.9:7946", false},
	} {
		end := pingEnd()
		end.aliveAt = func(string) (string, bool) { return tt.alive, tt.alive != "" }
		end.proved.add(at.String(), gateYou)
		end.proved.at.Set(at.String(), proof{gateYou, momentOf(time.Now().Add(-tt.ago))})
		if got := end.knows(tt.id, at); got != tt.knows {
			t.Errorf("%s: knows = %v", name, got)
		}
		if !end.proved.any(at.String()) {
			t.Errorf("%s: a dial there counts as one to nobody", name)
		}
	}
}

// TestFault50_BootsShareRelays has one member ask for indirect pings under many boots, and another under one.
func TestFault50_BootsShareRelays(t *testing.T) {
	end := pingEnd()
	end.aliveAt = func(string) (string, bool) { return "192.0.2.2:7946", true }
	ask := func(id string) bool {
		end.book.peer(Address{Name: id, Addr: "192.0.2.3:7946"})
		request := gateMessage(mlIndirectPing, gateBut(gateIndirect, func(p *mlIndirectPingStruct) {
			p.Target = []byte{192, 0, 2, 2}
		}))
		return end.sift(request, From{ID: id}) != nil
	}
	relayed := 0
	for i := range 1000 {
		if ask(fmt.Sprintf("liar@%d", i)) {
			relayed++
		}
	}
	if relayed == 0 || relayed > 2*int(relayRequests.AtOnce) {
		t.Errorf("%d pings for 1,000 boots of a member, want those of one", relayed)
	}
	if !ask("honest@1") {
		t.Error("another member finds no relay")
	}
}
