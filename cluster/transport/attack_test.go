package transport

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// The attacks in this file come from somebody who knows the secret, and writes what a transport does not.

// attackNetwork carries streams alone, as pipes, to one other network.
type attackNetwork struct {
	Network
	ip      byte
	to      *attackNetwork
	streams chan net.Conn
}

func (n *attackNetwork) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return net.IPv4(10, 0, 0, n.ip), 7946, nil
}

func (n *attackNetwork) PacketCh() <-chan *Packet  { return nil }
func (n *attackNetwork) StreamCh() <-chan net.Conn { return n.streams }
func (n *attackNetwork) Shutdown() error           { return nil }

func (n *attackNetwork) WriteToAddress([]byte, Address) (time.Time, error) { return time.Now(), nil }

func (n *attackNetwork) DialAddressTimeout(Address, time.Duration) (net.Conn, error) {
	near, far := net.Pipe()
	n.to.streams <- far
	return near, nil
}

// attackPair runs test with a member and with somebody who has a certificate for "mallory@1" and says that he is id.
func attackPair(t *testing.T, id string, test func(t *testing.T, member, mallory *Transport)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		one := &attackNetwork{ip: 1, streams: make(chan net.Conn)}
		two := &attackNetwork{ip: 2, to: one, streams: make(chan net.Conn)}
		one.to = two
		member, mallory := attackTransport(t, one, "member@1"), attackTransport(t, two, "mallory@1")
		mallory.own.id = id
		defer member.Shutdown()
		defer mallory.Shutdown()
		member.Start()
		mallory.Start()
		test(t, member, mallory)
	})
}

func attackTransport(t *testing.T, network Network, self string) *Transport {
	t.Helper()
	keyring, err := NewKeyring([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := New(Config{Network: network, Self: self, Cluster: "test", Identity: keyring})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestAttack_HelloOfAnother has mallory say in his hello that he is alice, to a member that he dials and to one that dials
// him. What plain memberlists do with such a one is in cluster.TestAttack_AnotherName.
func TestAttack_HelloOfAnother(t *testing.T) {
	for name, dialler := range map[string]func(member, mallory *Transport) *Transport{
		"dials":      func(_, mallory *Transport) *Transport { return mallory },
		"is dialled": func(member, _ *Transport) *Transport { return member },
	} {
		for id, reason := range map[string]Reason{"mallory@1": "", "mallory@2": ReasonName, "alice@1": ReasonName} {
			t.Run(name+" as "+id, func(t *testing.T) {
				attackPair(t, id, func(t *testing.T, member, mallory *Transport) {
					_, err := dialler(member, mallory).Identify(t.Context(), "", time.Second)
					synctest.Wait()
					s := member.Stats()
					if reason == "" && (err != nil || s.Sessions != 1) {
						t.Errorf("under his own name he is refused: %v, %+v", err, s)
					}
					if reason != "" && (s.Refused[reason] != 1 || s.Sessions > 0 || s.Peers > 0 || s.Handshakes > 0) {
						t.Errorf("%+v, want one refused for his name, and nothing left of him", s)
					}
				})
			})
		}
	}
}

// attackTaken gives how many bytes mallory could write to a stream for some purpose, and for how long, with a pause after
// the beginning and after each byte that follows.
func attackTaken(t *testing.T, mallory *Transport, why purpose, beginning []byte, most int, pause time.Duration) (taken int, held time.Duration) {
	t.Helper()
	p, err := mallory.dial(t.Context(), "", "", time.Second, why)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	go io.Copy(io.Discard, p)
	p.SetWriteDeadline(time.Now().Add(time.Hour))
	began := time.Now()
	for b := beginning; taken < most; b = []byte{0} {
		n, err := p.Write(b)
		if err != nil {
			break
		}
		taken += n
		time.Sleep(pause)
	}
	return taken, time.Since(began)
}

// attackRoom is how many bytes of mallory's are in flight.
func attackRoom(member *Transport) int {
	room := member.book.room(Address{Name: "mallory@1"})
	room.mu.Lock()
	defer room.mu.Unlock()
	return room.used
}

// TestAttack_HugeFrames announces more than may be sent, once the member has let mallory in. It ends the stream at the
// length, and takes room for nothing.
func TestAttack_HugeFrames(t *testing.T) {
	for name, tt := range map[string]struct {
		why    purpose
		length uint32
	}{
		"link, 4 GiB":      {forLink, math.MaxUint32},
		"link, 2 GiB":      {forLink, 1 << 31},
		"link, one more":   {forLink, MaxMessage + 1},
		"stream, 4 GiB":    {forStream, math.MaxUint32},
		"stream, 2 GiB":    {forStream, 1 << 31},
		"stream, one more": {forStream, MaxStream + 1},
		"stream, nothing":  {forStream, 0},
	} {
		t.Run(name, func(t *testing.T) {
			attackPair(t, "mallory@1", func(t *testing.T, member, mallory *Transport) {
				var read error
				if tt.why == forStream {
					go func() { // as memberlist does
						conn := <-member.StreamCh()
						_, read = conn.Read(make([]byte, 1))
						conn.Close()
					}()
				}
				header := append(binary.BigEndian.AppendUint32(nil, tt.length), byte(kindPacket))
				taken, _ := attackTaken(t, mallory, tt.why, header, 1<<10, time.Millisecond)
				if taken > len(header)+1 {
					t.Errorf("%d bytes were taken after the length", taken-len(header))
				}
				synctest.Wait()
				if tt.why == forLink && member.Stats().Malformed != 1 || tt.why == forStream && !errors.Is(read, errMalformed) {
					t.Errorf("not noticed: %+v, %v", member.Stats(), read)
				}
				if used := attackRoom(member); used != 0 {
					t.Errorf("%d bytes of room are taken", used)
				}
			})
		})
	}
}

// TestAttack_SlowFrames sends a frame a byte at a time: it is given up soon after it was begun.
func TestAttack_SlowFrames(t *testing.T) {
	for name, tt := range map[string]struct {
		beginning []byte
		pause     time.Duration
		most      time.Duration
	}{
		"nothing":       {nil, linkIdle, linkIdle},
		"half a header": {[]byte{0, 0}, 4 * time.Second, linkIdle},
		"a header":      {[]byte{0, 1, 0, 0, byte(kindPacket)}, time.Second, writeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			attackPair(t, "mallory@1", func(t *testing.T, member, mallory *Transport) {
				if _, held := attackTaken(t, mallory, forLink, tt.beginning, 1<<10, tt.pause); held > tt.most+tt.pause {
					t.Errorf("held for %v, %v at most was expected", held, tt.most)
				}
				synctest.Wait()
				if links := member.Stats().Links; links != 0 {
					t.Errorf("%d links are left", links)
				}
			})
		})
	}
}

// TestAttack_ManyFrames begins large frames on as many links as mallory may have: all of them together get the room of one
// peer.
func TestAttack_ManyFrames(t *testing.T) {
	attackPair(t, "mallory@1", func(t *testing.T, member, mallory *Transport) {
		for range 2 * mostProvenBy {
			p, err := mallory.dial(t.Context(), "", "", time.Second, forLink)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			header := append(binary.BigEndian.AppendUint32(nil, MaxMessage), byte(kindPacket))
			go p.Write(append(header, make([]byte, MaxMessage-1)...))
		}
		synctest.Wait()
		if used := attackRoom(member); used > mostRoom || used < mostRoom/2 {
			t.Errorf("%d bytes are in flight, want up to %d", used, mostRoom)
		}
		links := member.Stats().Links
		time.Sleep(time.Minute)
		if s := member.Stats(); links > mostProvenBy || s.Refused[ReasonFlood] != mostProvenBy || s.Links+attackRoom(member) > 0 {
			t.Errorf("%d links, and %d connections refused; a minute later %d links, and %d bytes in flight",
				links, s.Refused[ReasonFlood], s.Links, attackRoom(member))
		}
	})
}
