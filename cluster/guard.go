package cluster

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	defaultNeighbours, mostNeighbours = 3, 16 // that a member keeps connections to

	asked        = 2                      // of them, the nearest, whether they still answer
	beatEvery    = 750 * time.Millisecond // for those
	beatPatience = 250 * time.Millisecond // beyond that
	guardAfter   = 250 * time.Millisecond // without one that comes or goes, and who the neighbours are is looked at;
	guardAtLast  = 2 * time.Second        // or after that: while a cluster starts they change all the time, and each takes a handshake
	firstRewatch = 200 * time.Millisecond // between two connections to one neighbour; doubles with each
	slowRewatch  = time.Second
)

// guard keeps connections to a few neighbours on a ring of hashes, so that every member is watched by as many others. When a
// process ends, its system closes or resets its connections: whoever is at the other end knows within milliseconds, makes
// sure, and tells the others. The nearest are asked now and then as well, as a host that vanishes closes nothing.
type guard struct {
	node     *Node
	count    int           // of neighbours
	woken    chan struct{} // holds a token once a member has come or gone
	watching map[post]context.CancelFunc
}

// post is one neighbour that is watched.
type post struct {
	id      identity
	address string
	beats   bool
}

func newGuard(n *Node, neighbours int) *guard {
	return &guard{node: n, count: neighbours, woken: make(chan struct{}, 1), watching: make(map[post]context.CancelFunc)}
}

// checkNeighbours gives how many there are to be.
func checkNeighbours(value int) (count int, err error) {
	switch {
	case value == 0:
		return defaultNeighbours, nil
	case value < -1 || value > mostNeighbours:
		return 0, &membership.FieldError{Field: "neighbours", Value: strconv.Itoa(value),
			Remedy: fmt.Sprintf("use 1 to %d, 0 for %d, or -1 for none", mostNeighbours, defaultNeighbours)}
	}
	return max(value, 0), nil
}

// run keeps to the neighbours as members come and go.
func (g *guard) run() {
	for {
		select {
		case <-g.woken:
		case <-g.node.ctx.Done():
			return // and so do those that watch
		}
		began := time.Now()
		for sleep(g.node.ctx, jitter(g.node.stretch(guardAfter))) && time.Since(began) < g.node.stretch(guardAtLast) && g.wokenAgain() {
		}
		g.adjust()
	}
}

func (g *guard) wokenAgain() bool {
	select {
	case <-g.woken:
		return true
	default:
		return false
	}
}

// wake says that a member has come or gone.
func (g *guard) wake() {
	putToken(g.woken)
}

func (g *guard) adjust() {
	wanted := nearest(g.node.id, g.node.push.contacted(), g.count)
	for post, stop := range g.watching {
		if !slices.Contains(wanted, post) {
			stop()
			delete(g.watching, post)
		}
	}
	for _, post := range wanted {
		if g.watching[post] == nil {
			ctx, stop := context.WithCancel(g.node.ctx)
			g.watching[post] = stop
			if !g.node.spawn(func() { g.watch(ctx, post) }) {
				stop()
			}
		}
	}
}

// watch holds a connection to a neighbour, and has the watch look at it whenever that breaks.
func (g *guard) watch(ctx context.Context, p post) {
	to := Address{Addr: p.address, Name: p.id.String()}
	every := time.Duration(0)
	if p.beats {
		every = beatEvery
	}
	for pause := firstRewatch; ctx.Err() == nil; pause = min(2*pause, slowRewatch) {
		if !g.node.solitude.waitReunion(ctx) {
			return
		}
		began := time.Now()
		err := g.node.transport.Watch(ctx, to, every, beatPatience, func() {
			g.node.watch.unanswered(p.id)
		})
		if ctx.Err() != nil {
			return
		}
		if transport.Silent(err) {
			g.node.watch.unanswered(p.id)
		} else {
			g.node.watch.suspect(p.id, suspicion{why: "its connection broke", tell: true, weak: !transport.Opened(err) && !proves(err)})
		}
		if time.Since(began) > slowRewatch {
			pause = firstRewatch
		}
		sleep(ctx, jitter(g.node.stretch(pause)))
	}
}

// proves reports whether an error of a dial shows that the member is not there any more.
func proves(err error) bool {
	var refused *transport.RefusedError
	return errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &refused)
}

// nearest gives the neighbours of a member: those whose hashes follow its own on the ring, the nearest first.
func nearest(self identity, living map[identity]string, count int) (posts []post) {
	type place struct {
		id       identity
		distance uint64
	}
	own := placeOf(self)
	places := make([]place, 0, len(living))
	for id := range living {
		places = append(places, place{id, placeOf(id) - own})
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), compareIdentities(a.id, b.id))
	})
	for i, one := range places[:min(len(places), count)] {
		posts = append(posts, post{one.id, living[one.id], i < asked})
	}
	return posts
}

// placeOf is where a member is on the ring.
func placeOf(id identity) uint64 {
	hash := sha256.Sum256([]byte(id.String()))
	return binary.BigEndian.Uint64(hash[:])
}
