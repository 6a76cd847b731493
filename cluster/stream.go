package cluster

import (
	"context"
	"errors"
	"syscall"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

const (
	mostStreams       = 16 // at a time
	mostIntroductions = 2  // at a time: each exchanges all that is known
	mostAcks          = 64 // by stream, under way or waiting for one
)

// stream sends what datagrams cannot carry, or do not. That nobody listens there is evidence.
func (p *pusher) stream(id identity, to Address, message []byte) error {
	if !p.streams.Take(p.node.ctx) {
		return ErrClosed
	}
	defer p.streams.Free()
	ctx, cancel := context.WithTimeout(p.node.ctx, streamTimeout)
	defer cancel()
	err := p.node.transport.Deliver(ctx, transport.Kind(message[0]), to, message[1:])
	if errors.Is(err, syscall.ECONNREFUSED) {
		p.node.watch.suspect(id, suspicion{why: "it refuses streams", tell: true})
	} else if err != nil && p.node.ctx.Err() == nil {
		p.node.log.Debug().Err(err).Str("to", id.name).Msg("cluster: cannot send by stream")
	}
	return err
}

// introduce makes a peer listen that takes this member for dead: it acknowledges nothing, and only in an exchange of all
// that memberlist knows does this member learn that it has to contradict.
func (p *pusher) introduce(to Address) {
	if !p.introductions.Take(p.node.ctx) {
		return
	}
	defer p.introductions.Free()
	if _, err := p.node.list.Join([]string{to.Addr}); err != nil && p.node.ctx.Err() == nil {
		p.node.log.Debug().Err(err).Str("to", to.Addr).Msg("cluster: cannot introduce this member")
	}
}
