package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/internal/lag"
	"github.com/grapevine-go/grapevine/cluster/internal/seldom"
	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

// ErrClosed is returned once the transport was shut down.
var ErrClosed = fmt.Errorf("transport: closed: %w", net.ErrClosed)

// Config describes a [Transport].
type Config struct {
	Network  Network        // carries the bytes; the transport shuts it down
	Self     string         // who this member is: name@boot, up to 128 bytes of printable ASCII
	Cluster  string         // members of different clusters refuse each other
	Identity Identity       // nil: nothing is sealed and anybody is believed
	Versions Versions       // of the messages that are sent over it
	Logger   zerolog.Logger // the zero value discards

	// Memberlist is the config of the memberlist that will run over the transport; nil for none, or
	// for one that New cannot check. New refuses what is not carried: compression, labels, encryption,
	// a Name other than Self, and protocol versions of a Delegate. What a Delegate will send New cannot
	// see. The config is only read, and may still lack its Transport.
	Memberlist *memberlist.Config

	// Alive returns where a member is that is known to be alive. Others are not pinged for anybody, and
	// prove that they are where they are said to be before memberlist hears of them. nil: the transport
	// knows the members that it has met.
	Alive func(id string) (address string, alive bool)

	// CheckState returns an error unless the state of a push/pull, see memberlist.Delegate, is of its
	// sender: then memberlist does not see the state. nil accepts any.
	CheckState func(sender string, state []byte) error

	// Relayed is called when a member did not answer memberlist's ping, and another says that it
	// answered an indirect one. It must not block. nil ignores it.
	Relayed func(id string)

	// Absent is called when a member is not where another says that it is: nobody listens there, or
	// somebody else. It must not block. nil ignores it.
	Absent func(id string)
}

// Transport carries one member's messages. It is made for package cluster alone: it is the
// NodeAwareTransport of the memberlist there, and carries messages of other kinds beside.
//
// It is not for other memberlists. User messages, compression, labels, encryption by memberlist, names
// other than Self, protocol versions of a Delegate and more than [MaxStream] of state are not carried.
// New returns an error for them where Config.Memberlist shows them. Otherwise memberlist's own calls
// return an error, and the transport logs what it refuses, by its name, at most once a minute.
//
// Its methods may be called concurrently.
type Transport struct {
	network  Network
	cluster  string // its name
	own      hello
	identity Identity
	tls      *tls.Config
	card     func() (*tls.Certificate, error) // for members of other clusters
	log      zerolog.Logger
	seldom   *seldom.Log
	stats    counters
	heard    atomic.Int64 // the moment when another member was heard last
	arrivals arrivals
	lag      lag.Patience // goes by how late this process is

	book        book
	admission   admission
	exchanges   *quota // streams of memberlist's that others opened
	budget      budget
	lanes       [256]*lane
	unparsed    *lane // packets for memberlist
	handshaking slots.Slots
	greeting    slots.Slots
	turns       slots.Slots // of dials, while this process is late
	asking      slots.Slots
	asks        asks
	greeted     greeted
	warned      sync.Once // that datagrams do not pass
	adopted     adopted
	dialSlots   dialSlots
	proved      proved
	pings       pings
	newcomers   newcomers
	relays      relays

	aliveAt    func(id string) (string, bool)
	checkState func(string, []byte) error
	relayed    func(string)
	absent     func(string)

	packets chan *Packet
	streams chan net.Conn

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	mu     sync.Mutex
	closed bool // nothing new may start
}

const (
	mostHandshakes = 32  // that this side begins, at a time
	packetsAtOnce  = 64  // for memberlist, in the order of their arrival
	packetsWaiting = 256 // beyond those, by turns of their senders; more are lost, as on the network
)

// New makes a transport that does nothing yet: [Transport.Handle] says what is to become of messages, then
// [Transport.Start] begins. When New fails, the network is left as it is.
func New(c Config) (*Transport, error) {
	if c.Self == "" || len(c.Self) > mostIdentity || !printable(c.Self) {
		return nil, fmt.Errorf("transport: %q is no identity: use name@boot, in up to %d bytes of printable ASCII", c.Self, mostIdentity)
	}
	if c.Memberlist != nil {
		if err := checkConfig(c.Memberlist, c.Self); err != nil {
			return nil, err
		}
	}
	ip, port, err := c.Network.FinalAdvertiseAddr("", 0)
	if err != nil {
		return nil, err
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok || port < 1 || port > 65535 {
		return nil, fmt.Errorf("transport: the network is dialled at %v, port %d: that is no address", ip, port)
	}
	address := netip.AddrPortFrom(addr.Unmap(), uint16(port))
	t := &Transport{
		network:  c.Network,
		cluster:  c.Cluster,
		own:      hello{version: version, tag: tagOf(c.Cluster), versions: c.Versions, id: c.Self, address: address.String()},
		identity: c.Identity,
		log:      c.Logger,
		seldom:   seldom.New(c.Logger),
		lag:      lag.Of(c.Network),

		handshaking: make(slots.Slots, mostHandshakes),
		greeting:    make(slots.Slots, mostGreeting),
		turns:       make(slots.Slots, mostTurns),
		asking:      make(slots.Slots, mostAsking),
		packets:     make(chan *Packet, packetsAtOnce),
		streams:     make(chan net.Conn),

		aliveAt: c.Alive, checkState: c.CheckState, relayed: c.Relayed, absent: c.Absent,
	}
	t.book.init(t.identity != nil)
	t.admission.init()
	t.proved.init()
	t.relays.init()
	t.exchanges = newQuota(mostExchanges)
	t.unparsed = newLane(packetsWaiting, t.handOver)
	t.budget.init(runtime.GOMAXPROCS(0))
	t.admission.strangers.debtor = t.budget.debtor
	if t.identity != nil {
		if err := t.identity.bind(c.Self, t.own.tag); err != nil {
			return nil, err
		}
		t.tls, t.card = t.tlsConfig(), sync.OnceValues(t.newCard)
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, nil
}

// Start begins to receive. Until then a memberlist over the transport hears nothing, and its calls
// return an error.
func (t *Transport) Start() {
	t.adopted.start()
	for _, l := range t.lanes {
		if l != nil {
			t.work.Go(func() { l.run(t.ctx) })
		}
	}
	t.work.Go(func() { t.unparsed.run(t.ctx) })
	t.work.Go(t.receive)
	t.work.Go(t.accept)
	t.work.Go(t.sweep)
}

// Shutdown ends everything, the network included, and waits. It is safe to call twice, and before Start.
func (t *Transport) Shutdown() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.adopted.start()
	t.cancel()
	err := t.network.Shutdown()
	t.work.Wait()
	return err
}

// spawn runs f in a goroutine that Shutdown waits for, and says whether it did.
func (t *Transport) spawn(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.work.Go(f)
	}
	return !t.closed
}

// Strained reports whether this process runs so late that silence says nothing of a peer. See [Network] for who measures it.
func (t *Transport) Strained() bool { return t.lag.Strained() }

// Stretch returns how long to wait for what takes d in a process that is on time: d and ten times the lag of this process, up
// to twenty times d.
func (t *Transport) Stretch(d time.Duration) time.Duration { return t.lag.Stretch(d) }

// Address is where this member is dialled.
func (t *Transport) Address() string { return t.own.address }

// receive takes datagrams from the network.
func (t *Transport) receive() {
	for {
		select {
		case packet := <-t.network.PacketCh():
			t.ingest(packet)
		case <-t.ctx.Done():
			return
		}
	}
}

// ingest finds out who sent a datagram, and passes on what it carries. It takes its bytes over.
func (t *Transport) ingest(packet *Packet) {
	datagram, from := packet.Buf, From{Addr: addrPortOf(packet.From)}
	switch {
	case t.identity == nil && len(datagram) > plainHeader && datagram[0] == plainDatagram:
		if clusterTag(datagram[1:]) != t.own.tag {
			t.refuse(t.otherCluster("", false), from.Addr.String())
			return
		}
		t.book.heard(t.book.livingAt(from.Addr))
		t.act(Kind(datagram[plainHeader]), from, datagram[plainHeader+1:], packet.Timestamp, nothing)
	case t.identity != nil && len(datagram) > sealedHeader && datagram[0] == sealedDatagram:
		t.ingestSealed(datagram, from, packet.Timestamp)
	case len(datagram) > 0 && (datagram[0] == plainDatagram || datagram[0] == sealedDatagram):
		t.refuse(&RefusedError{Reason: ReasonPlain, Detail: "one of the two seals its datagrams, the other does not"}, from.Addr.String())
	default:
		t.stats.garbage.Add(1)
	}
}

func (t *Transport) ingestSealed(datagram []byte, from From, at time.Time) {
	s, p := t.book.session(keyID(datagram[1:]))
	if s == nil {
		t.stats.unknownKey.Add(1)
		t.greet(from.Addr)
		return
	}
	kind, payload, err := s.open(datagram, at)
	switch err {
	case nil:
	case errReplayed:
		t.stats.replayed.Add(1)
		return
	default:
		t.stats.forged.Add(1)
		return
	}
	from.ID = s.peer
	t.book.heardUnder(s, p, len(datagram))
	t.act(kind, from, payload, at, nothing)
}

// Unheard is for how long nothing has come that another member proved to have sent; where nothing is sealed, that looked like it.
func (t *Transport) Unheard() time.Duration { return moment(t.heard.Load()).until(time.Now()) }

func (t *Transport) noteHeard() { t.heard.Store(int64(momentOf(time.Now()))) }

// act does what a message asks. done is called when it takes no more room.
func (t *Transport) act(kind Kind, from From, payload []byte, at time.Time, done func()) {
	if !t.isOwn(from) {
		t.noteHeard()
	}
	switch kind {
	case kindPacket:
		t.passPacket(payload, from, at)
		done()
	case kindPing, kindAck:
		t.passShort(kind, payload, from, at)
		done()
	case kindAsk:
		t.answerAsk(from, payload)
		done()
	case kindPass:
		t.passed(from, payload)
		done()
	default:
		t.dispatch(kind, from, payload, done)
	}
}

// addrPortOf gives the IP and port of an address, "invalid AddrPort" for one that has none.
func addrPortOf(addr net.Addr) netip.AddrPort {
	var found netip.AddrPort
	switch a := addr.(type) {
	case *net.UDPAddr:
		found = a.AddrPort()
	case *net.TCPAddr:
		found = a.AddrPort()
	default:
		if addr != nil {
			found, _ = netip.ParseAddrPort(addr.String())
		}
	}
	return netip.AddrPortFrom(found.Addr().Unmap(), found.Port())
}
