package cluster

import (
	"context"
	"errors"
	"net/netip"
	"syscall"

	"github.com/hashicorp/memberlist"
)

const (
	mostStreams       = 16 // at a time
	mostIntroductions = 2  // at a time: each exchanges all that is known
	mostAcks          = 64 // by stream, under way or waiting for one
)

// slots bounds how much happens at a time.
type slots chan struct{}

// take waits for a slot. It gives none once ctx is done.
func (s slots) take(ctx context.Context) bool {
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// tryTake takes a slot if one is free.
func (s slots) tryTake() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) free() { <-s }

// stream sends what datagrams cannot carry, or do not. That nobody listens there is evidence.
func (p *pusher) stream(id identity, to Address, message []byte) {
	if !p.streams.take(p.node.ctx) {
		return
	}
	defer p.streams.free()
	address, err := netip.ParseAddrPort(to.Addr)
	if err != nil {
		return
	}
	node := &memberlist.Node{Name: to.Name, Addr: address.Addr().AsSlice(), Port: address.Port()}
	err = p.node.list.SendReliable(node, message)
	if errors.Is(err, syscall.ECONNREFUSED) {
		p.node.watch.suspect(id, "it refuses streams", true)
	} else if err != nil && p.node.ctx.Err() == nil {
		p.node.log.Debug().Err(err).Str("to", id.name).Msg("cluster: cannot send by stream")
	}
}

// introduce makes a peer know that this member lives: before it does, it acknowledges nothing. memberlist gossips each
// piece of news a few times, to members chosen at random, also those that died lately, and so may miss one until the
// next push/pull, half a minute later.
func (p *pusher) introduce(to Address) {
	if !p.introductions.take(p.node.ctx) {
		return
	}
	defer p.introductions.free()
	if _, err := p.node.list.Join([]string{to.Addr}); err != nil && p.node.ctx.Err() == nil {
		p.node.log.Debug().Err(err).Str("to", to.Addr).Msg("cluster: cannot introduce this member")
	}
}

// patience is how many attempts a peer gets by datagram alone, and how many until it is introduced. In a large cluster
// gossip takes longer to tell everyone of a newcomer, and an introduction costs more, as it exchanges what is known of
// all members.
func patience(peers int) (streamed, introduced int) {
	if peers < 32 {
		return 3, 3 // 0.7 s
	}
	return 5, 8 // 3 s and 18 s
}
