package cluster

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/internal/rate"
	"github.com/grapevine-go/grapevine/cluster/internal/seldom"
	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// ErrClosed is returned by the methods of a node that was closed or has left.
var ErrClosed = fmt.Errorf("cluster: node is closed: %w", net.ErrClosed)

// Node is the gossip member of this process. Its methods may be called by any number of goroutines.
type Node struct {
	id           identity
	address      netip.AddrPort // advertised
	wire         byte           // the newest wire version that it speaks
	log          zerolog.Logger
	seldom       *seldom.Log
	lines        *log.Logger // memberlist's
	list         *memberlist.Memberlist
	transport    *transport.Transport
	keyring      *transport.Keyring // nil where the identity comes from elsewhere, or from nowhere
	store        *membership.Store
	inbox        *inbox
	push         *pusher
	watch        *watch
	solitude     *solitude
	guard        *guard
	name         *nameClaim
	repair       *repairer
	relay        *relay
	reach        *reach
	memory       *memory
	load         *load
	questions    *questions
	ready        readiness
	catchUp      *catchUp
	unresponsive unresponsive
	joins        joins
	settling     slots.Slots // confirmations that wait for subscribers

	ctx    context.Context // done once Close begins
	cancel context.CancelFunc
	told   context.Context // done once this process was told to end, and with ctx
	tell   context.CancelCauseFunc
	work   sync.WaitGroup

	// listUse holds a token while memberlist leaves or shuts down, which must not meet. It is no mutex: on virtual time,
	// who waits for a mutex keeps the clock from moving, and Leave waits for the clock.
	listUse chan struct{}

	mu      sync.Mutex
	own     membership.Record
	outdone pacer // versions that are written because a peer tells of one that this member never wrote
	closed  bool  // nothing new may start

	falsehood falsehood // that a relay told of this member

	// owed are the owners of records that were pushed and are to be acknowledged. Only handleEvents uses it.
	owed map[identity]debt

	loopbackServices bool // may be offered by a member beyond loopback
}

// Start binds the node's port and joins the seeds. If no seed answers, Start succeeds, and the node
// goes on trying for as long as it lives, see [Node.Ready]. Start fails on what cannot heal: a
// config that cannot be used, or a port that cannot be bound, as a [*membership.FieldError]; and a
// name that another live process uses, as a [*NameTakenError]. To find out about the name, Start
// waits for the first seed to answer, for a second at most. To choose the address to advertise, it
// may look up the seeds, for two seconds at most, see Config.Advertise.
//
// If ctx ends before that, Start gives up and returns its error. The node does not use ctx later.
func Start(ctx context.Context, config Config) (*Node, error) {
	settings, err := config.check()
	if err != nil {
		return nil, wrap("start", err)
	}
	if ctx.Err() != nil {
		return nil, wrap("start", context.Cause(ctx))
	}
	if err := settings.settleAddress(ctx, systemNetwork); err != nil {
		return nil, wrap("start", err)
	}
	n, err := newNode(settings)
	if err != nil {
		return nil, wrap("start", err)
	}
	if n.list, err = memberlist.Create(n.memberlistConfig()); err != nil {
		n.transport.Shutdown()
		return nil, wrap("start", err)
	}
	n.log.Info().Str("name", n.id.name).Stringer("address", n.address).Bool("sealed", settings.sealed()).
		Msg("cluster: started")
	if !settings.sealed() && !n.address.Addr().IsLoopback() {
		n.log.Warn().Msg("cluster: gossip is neither encrypted nor authenticated: whoever reaches the port can read and forge it")
	}
	settings.report()
	j := newJournal(n) // before the node meets a member, so that each is logged
	n.transport.Start()
	n.work.Go(n.handleEvents)
	n.work.Go(n.push.run)
	n.work.Go(n.reach.run)
	n.work.Go(n.memory.run)
	n.work.Go(n.guard.run)
	if j.wanted() {
		n.work.Go(func() { j.run(n.ctx.Done()) })
	}
	if settings.SecretFile != "" {
		n.work.Go(func() { n.followSecrets(settings) })
	}
	if err := n.awaitFirstAttempt(ctx); err != nil {
		n.Close()
		return nil, wrap("start", err)
	}
	return n, nil
}

// newNode makes the node and its transport; nothing runs yet but the transport.
func newNode(s settings) (n *Node, err error) {
	n = &Node{
		id:      identity{s.Name, newBootID()},
		wire:    s.WireVersion,
		log:     s.Logger,
		seldom:  seldom.New(s.Logger),
		lines:   logBridge(s.Logger),
		store:   membership.NewStore(s.Name),
		inbox:   newInbox(),
		listUse: make(chan struct{}, 1),
		owed:    make(map[identity]debt),

		settling: make(slots.Slots, mostSettling),
		joins:    joins{meters: make(map[string]*rate.Meter)},
		own:      membership.Record{Name: s.Name, Version: 1, Zone: s.Zone, Metadata: s.Metadata, Started: time.Now()},
	}
	n.loopbackServices = s.AllowLoopbackServices
	n.own.Boot.ID = n.id.boot
	n.own = n.own.Clone() // the caller's metadata stays the caller's
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.told, n.tell = context.WithCancelCause(n.ctx)
	n.push = newPusher(n)
	n.watch = newWatch(n)
	n.solitude = newSolitude(n)
	n.guard = newGuard(n, s.Neighbours)
	n.name = newNameClaim(n)
	n.repair = newRepairer(n)
	n.catchUp = newCatchUp(n)
	n.relay = newRelay(n)
	n.memory = &memory{node: n, path: s.PeersFile, cluster: s.Cluster}
	n.load, n.questions = newLoad(n), newQuestions(n)
	n.store.OnReport(n.watch.report)
	n.store.OnProbe(n.questions.ask)
	if n.transport, err = n.newTransport(s); err != nil {
		return nil, err
	}
	n.address = netip.MustParseAddrPort(n.transport.Address())
	n.reach = newReach(n, s.providers(), n.memory.recall())
	n.handleMessages()
	n.store.Apply(membership.Heard{Record: n.own}, membership.Up{Name: s.Name, BootID: n.id.boot, Address: n.Address()})
	return n, nil
}

func newBootID() uint64 {
	var id [8]byte
	rand.Read(id[:]) // never fails
	return binary.BigEndian.Uint64(id[:])
}

// startPatience is how long Start waits for a seed.
const startPatience = time.Second

// awaitFirstAttempt waits until the seeds were tried once, so that a name in use fails the start.
func (n *Node) awaitFirstAttempt(ctx context.Context) error {
	patience := time.NewTimer(startPatience)
	defer patience.Stop()
	select {
	case <-n.name.settled:
		return n.name.failure()
	case <-n.reach.tried:
		return nil // whether the name is taken shows once a seed answers
	case <-patience.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// send is best effort: whoever needs to know asks for an answer.
func (n *Node) send(to Address, message []byte) {
	if err := n.transport.Send(transport.Kind(message[0]), to, message[1:]); err != nil && n.ctx.Err() == nil {
		n.log.Debug().Err(err).Str("to", to.Addr).Msg("cluster: cannot send")
	}
}

// spawn runs f in a goroutine that Close waits for, and says whether it did: after Close it does nothing. f must end when
// n.ctx is done.
func (n *Node) spawn(f func()) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.work.Go(f)
	}
	return !n.closed
}

// spawnIn is spawn for what may run only so often at a time: it does nothing when no slot is free.
func (n *Node) spawnIn(s slots.Slots, f func()) bool {
	if !s.TryTake() {
		return false
	}
	begun := n.spawn(func() {
		defer s.Free()
		f()
	})
	if !begun {
		s.Free()
	}
	return begun
}

// Name is this member's name, Address the host:port under which its gossip is reached.
func (n *Node) Name() string    { return n.id.name }
func (n *Node) Address() string { return n.address.String() }

// View is what this node knows of its cluster, itself included. It stays readable after Close.
func (n *Node) View() *membership.View { return n.store.View() }

// Context returns a context that ends when [Run] is told to end, or when Close or Leave closes the
// node. A build of Run passes it to the calls that it waits for. It ends before the drain begins, so
// it must not be the context of requests in flight.
func (n *Node) Context() context.Context { return n.told }

// Close ends the node at once and without a goodbye: the others find out by themselves. When it returns, its port is
// free and its own goroutines have ended. memberlist does not wait for all of its: a probe may take up to its time-out of
// some seconds to notice, and a message that is just being handled ends with it; neither changes the view any more.
// Close is safe at any moment, and to call twice.
func (n *Node) Close() error {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.cancel()
	n.listUse <- struct{}{}
	err := n.list.Shutdown()
	<-n.listUse
	n.work.Wait()
	n.lines.SetOutput(io.Discard) // the caller's logger may go away now
	return err
}
