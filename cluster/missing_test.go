package cluster

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestFoundIsLookedForNoMore(t *testing.T) {
	old, address, now := identity{"m2", 1}, "10.0.0.2:7946", time.Now()
	for name, back := range map[string]struct {
		id      identity
		address string
		want    bool // whether m2 is still looked for
	}{
		"itself":                  {old, address, false},
		"itself elsewhere":        {old, "10.0.0.9:7946", false},
		"a newer boot":            {identity{"m2", 2}, "10.0.0.9:7946", false},
		"another at its address":  {identity{"m3", 1}, address, false},
		"somebody else somewhere": {identity{"m3", 1}, "10.0.0.9:7946", true},
	} {
		m := newMissing()
		m.add(old, address, now)
		m.found(back.id, back.address)
		if _, ok := m.due(now.Add(time.Hour)); ok != back.want {
			t.Errorf("%s: still looked for: %v, want %v", name, ok, back.want)
		}
	}
}

// TestFault3_SearchedForEver follows one that is missing for a day: it is dialled every 15 s at least, and not much more often
// than every 5 s.
func TestFault3_SearchedForEver(t *testing.T) {
	for name, tt := range map[string]struct {
		refused     bool
		least, most time.Duration // between two dials, once it has been missing for a minute
	}{"silent": {false, slowSearch / 2, slowSearch * 3 / 2}, "refusing": {true, slowerSearch / 2, slowerSearch * 3 / 2}} {
		m, now := newMissing(), time.Now()
		m.add(identity{"m2", 1}, "10.0.0.2:7946", now)
		begin, last, dials := now, now, 0
		for ; now.Sub(begin) < 24*time.Hour; now = now.Add(100 * time.Millisecond) {
			address, ok := m.due(now)
			if !ok {
				continue
			}
			if tt.refused {
				m.refused(address, true, now)
			}
			if between := now.Sub(last); now.Sub(begin) > time.Minute && (between < tt.least || between > tt.most+100*time.Millisecond) {
				t.Fatalf("%s: dialled after %v, want %v to %v", name, between, tt.least, tt.most)
			}
			last = now
			dials++
		}
		if dials == 0 || now.Sub(last) > tt.most {
			t.Errorf("%s: %d dials in a day, the last %v before its end", name, dials, now.Sub(last))
		}
	}
}

// TestEachIsDialledInTurn has more missing than are dialled within the time that one waits: none is left out.
func TestEachIsDialledInTurn(t *testing.T) {
	m, now := newMissing(), time.Now()
	for i := range 100 {
		m.add(identity{fmt.Sprint("m", i), 1}, fmt.Sprint("10.0.0.2:", i), now)
	}
	dialled := make(map[string]int)
	for range 1000 {
		now = now.Add(searchPause)
		if address, ok := m.due(now); ok {
			dialled[address]++
		}
	}
	for address, times := range dialled {
		if times < 8 || times > 12 {
			t.Errorf("%s was dialled %d times, 10 would be its share", address, times)
		}
	}
	if len(dialled) != 100 {
		t.Errorf("%d of 100 were dialled", len(dialled))
	}
}

func TestFault28_MissingIsBounded(t *testing.T) {
	m, now := newMissing(), time.Now()
	for i := range 2 * mostMissing {
		m.add(identity{fmt.Sprint("m", i), 1}, fmt.Sprint("10.0.0.2:", i), now.Add(time.Duration(i)))
	}
	if m.len() != mostMissing || m.known.Get("10.0.0.2:0") != nil || m.known.Get(fmt.Sprint("10.0.0.2:", 2*mostMissing-1)) == nil {
		t.Errorf("looks for %d members, want %d, those that were lost last", m.len(), mostMissing)
	}
}

// TestHearsayIsBounded has one teller, and then many, name addresses without end: they take no room from members that were
// lost, those of one teller none from another's, and each is dialled three times.
func TestHearsayIsBounded(t *testing.T) {
	m, now := newMissing(), time.Now()
	real := identity{"m2", 1}
	m.add(real, "10.0.0.2:1", now)
	m.tell(identity{"honest", 1}, "10.0.0.3:1", "m3", now)
	flood := func(teller string) {
		for i := range 5000 {
			m.tell(identity{fmt.Sprint("f", i), 1}, fmt.Sprintf("10.4.%d.%d:%d", i>>8, i&255, len(teller)), teller, now)
		}
	}
	flood("liar")
	if m.hearsay.len() != mostToldEach+1 {
		t.Errorf("%d addresses are searched by hearsay, want %d", m.hearsay.len(), mostToldEach+1)
	}
	for liars := "liar"; len(liars) < 16; liars += "s" {
		flood(liars)
	}
	if m.hearsay.len() != mostTold || m.hearsay.at("10.0.0.3:1") == nil || !m.isLost(real) {
		t.Errorf("%d addresses are searched by hearsay, want %d, and what others told", m.hearsay.len(), mostTold)
	}
	dialled := make(map[string]int)
	for range 3000 {
		now = now.Add(searchPause)
		if address, ok := m.dueTold(now); ok {
			dialled[address]++
		}
	}
	for address, times := range dialled {
		if times != mostToldDials {
			t.Errorf("%s was dialled %d times", address, times)
		}
	}
	if len(dialled) != mostTold || m.len() != 1 || len(m.named) != 1 {
		t.Errorf("%d were dialled, %d are searched still", len(dialled), m.len())
	}
}

// TestHearsayTakesEverySecondDial has both kinds wait for longer than there are dials.
func TestHearsayTakesEverySecondDial(t *testing.T) {
	onTransport(t, nowhere{}, func(t *testing.T, n *Node) {
		for i := range mostToldEach {
			n.reach.missing.add(identity{fmt.Sprint("m", i), 1}, fmt.Sprint("10.0.0.2:", i+1), time.Now())
			n.reach.miss(identity{fmt.Sprint("f", i), 1}, fmt.Sprint("10.0.0.3:", i+1), "liar")
		}
		number := map[bool]int{}
		for range 60 {
			time.Sleep(searchPause)
			if _, hearsay, due := n.reach.nextSearch(time.Now()); due {
				if number[hearsay]++; hearsay {
					n.reach.toldTries.Free()
				}
			}
		}
		if number[true] > number[false]+1 || number[true] < 20 {
			t.Errorf("%d dials by hearsay, and %d of those that were lost", number[true], number[false])
		}
	})
}

// TestHearsayNowhere holds which addresses others cannot make a node dial.
func TestHearsayNowhere(t *testing.T) {
	for address, want := range map[string]bool{
		"10.0.0.3:1": true, "203.0.113.9:7946": true, "[fd00::7]:7946": true, "[2001:db8::7]:1": true,
		"169.254.169.254:80": false, "[fe80::1]:1": false, "[fe80::1%eth0]:1": false, "[::ffff:169.254.169.254]:80": false,
		"0.0.0.0:1": false, "[::]:1": false, "224.0.0.1:1": false, "[ff02::1]:1": false, "255.255.255.255:1": false,
		"127.0.0.1:6379": false, "[::1]:6379": false, "[::ffff:127.0.0.1]:1": false, "10.0.0.3:0": false, "metadata:80": false, "": false,
	} {
		n := idleNode(t, zerolog.Nop())
		n.reach.miss(identity{"f", 1}, address, "liar")
		if got := n.reach.missing.len() == 1; got != want {
			t.Errorf("%q is searched: %v", address, got)
		}
	}
	for own, address := range map[string]string{"127.0.0.1": "127.0.0.2:1", "::1": "127.0.0.1:1", "169.254.1.1": "169.254.1.2:1"} {
		if !dialable(address, netip.MustParseAddr(own)) {
			t.Errorf("%s is no address for a member at %s", address, own)
		}
	}
}

// TestOneNameTakesLittleRoom has a member come and go with ever new boots and addresses.
func TestOneNameTakesLittleRoom(t *testing.T) {
	m, now := newMissing(), time.Now()
	m.add(identity{"m2", 1}, "10.0.0.2:1", now)
	for i := range 2 * mostMissing {
		m.add(identity{"mallory", uint64(i)}, fmt.Sprint("10.0.0.3:", i), now.Add(time.Duration(i)))
	}
	if m.len() != 1+mostMissingEach || !m.isLost(identity{"m2", 1}) {
		t.Errorf("%d are searched", m.len())
	}
}

// TestRememberedThatRefuse holds for how long an address of the peers file is searched at which nobody listens.
func TestRememberedThatRefuse(t *testing.T) {
	const address = "10.0.0.2:1"
	for name, tt := range map[string]struct {
		after time.Duration
		peers bool
		want  bool // it is searched on
	}{
		"at once":                   {0, true, true},
		"for long":                  {refusedFor, true, false},
		"for long, of a node alone": {24 * time.Hour, false, true},
	} {
		m, now := newMissing(), time.Now()
		m.remember(address, now)
		m.refused(address, tt.peers, now.Add(tt.after))
		if got := m.len() == 1; got != tt.want {
			t.Errorf("%s: searched: %v", name, got)
		}
	}
}

// BenchmarkHearsay merges as many addresses as one message has room for.
func BenchmarkHearsay(b *testing.B) {
	m, now := newMissing(), time.Now()
	for i := range mostMissing {
		m.add(identity{fmt.Sprint("m", i), 1}, fmt.Sprint("10.0.0.2:", i), now)
	}
	var addresses []string
	for i := range 4013 {
		addresses = append(addresses, fmt.Sprintf("10.4.%d.%d:1", i>>8, i&255))
	}
	for b.Loop() {
		for i, address := range addresses {
			m.tell(identity{"f", uint64(i)}, address, "liar", now)
		}
	}
}
