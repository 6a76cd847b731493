package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
	"github.com/grapevine-go/grapevine/cluster/transport"
)

const (
	mostStreams     = 16                     // at a time, to peers that read
	mostSlowStreams = 256                    // and to peers that do not
	streamSlow      = 200 * time.Millisecond // from when on a stream is slow
	slowFor         = 10 * time.Minute       // a peer is taken to be slow, unless a stream to it is fast
	mostWaitingFor  = 8                      // streams to one peer, under way or waiting for their turn

	mostIntroductions = 2                // at a time: each exchanges all that is known
	introducePatience = time.Second      // for a slot
	firstIntroduce    = 10 * time.Second // between two introductions to one peer that fail; doubles with each
	slowestIntroduce  = 5 * time.Minute
	mostAcks          = 256 // by stream, one for each peer
)

var errManyStreams = errors.New("as many streams to it as may wait already")

// streams shares what is sent by stream between peers: one stream to a peer at a time, and others to it wait behind. A peer
// that does not read holds a slot for a moment only, and from then on has none in common with peers that read.
type streams struct {
	fast, slow slots.Slots

	mu    sync.Mutex
	peers map[string]*streamPeer // by name
}

// streamPeer is what is known of the streams to one peer.
type streamPeer struct {
	turn  slots.Slots // one
	users int         // streams, under way or waiting
	until time.Time   // when it is not taken to be slow any more
	acks  bool        // an acknowledgement by stream is under way, or waits

	introduce time.Time     // when it may be introduced to again
	pause     time.Duration // between introductions that fail
}

func newStreams() *streams {
	return &streams{
		fast: make(slots.Slots, mostStreams), slow: make(slots.Slots, mostSlowStreams),
		peers: make(map[string]*streamPeer),
	}
}

// join adds a stream to those of a peer, unless there are too many.
func (s *streams) join(name string) (*streamPeer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peer(name)
	if p.users >= mostWaitingFor {
		return nil, fmt.Errorf("%s: %w", name, errManyStreams)
	}
	p.users++
	return p, nil
}

// peer is called with the lock held.
func (s *streams) peer(name string) *streamPeer {
	p := s.peers[name]
	if p == nil {
		s.tidy(time.Now())
		p = &streamPeer{turn: make(slots.Slots, 1)}
		s.peers[name] = p
	}
	return p
}

// tidy forgets idle peers once there are many. It is called with the lock held.
func (s *streams) tidy(now time.Time) {
	if len(s.peers) < mostMessages {
		return
	}
	for name, p := range s.peers {
		if p.users == 0 && !p.acks && p.until.Before(now) && p.introduce.Before(now) {
			delete(s.peers, name)
		}
	}
}

func (s *streams) leave(p *streamPeer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.users--
}

// isSlow reports whether the last stream to a peer took long.
func (s *streams) isSlow(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peers[name]
	return p != nil && time.Now().Before(p.until)
}

func (s *streams) note(p *streamPeer, slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.until = time.Time{}
	if slow {
		p.until = time.Now().Add(slowFor)
	}
}

// run calls send once it is the peer's turn and there is a slot. A send of more than patience leaves its slot to others.
func (s *streams) run(ctx context.Context, name string, patience time.Duration, send func() error) error {
	p, err := s.join(name)
	if err != nil {
		return err
	}
	defer s.leave(p)
	if !p.turn.Take(ctx) {
		return context.Cause(ctx)
	}
	defer p.turn.Free()
	var began time.Time
	if s.isSlow(name) {
		if !s.slow.Take(ctx) {
			return context.Cause(ctx)
		}
		defer s.slow.Free()
		began = time.Now()
	} else {
		if !s.fast.Take(ctx) {
			return context.Cause(ctx)
		}
		began = time.Now()
		defer s.whileSlow(p, patience)()
	}
	err = send()
	s.note(p, time.Since(began) >= patience)
	return err
}

// whileSlow moves a stream from the slots of fast peers to those of slow ones after patience, if there is one. Call the
// returned function at its end.
func (s *streams) whileSlow(p *streamPeer, patience time.Duration) (done func()) {
	var mu sync.Mutex
	slot, over := s.fast, false
	timer := time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over && s.slow.TryTake() {
			s.note(p, true)
			slot.Free()
			slot = s.slow
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
		slot.Free()
	}
}

// stream sends what datagrams cannot carry, or do not. That nobody listens there is evidence.
func (p *pusher) stream(id identity, to Address, message []byte) error {
	return p.streamWithin(p.node.ctx, id, to, func() []byte { return message })
}

// streamWithin sends the message that make returns once it is its turn.
func (p *pusher) streamWithin(ctx context.Context, id identity, to Address, make func() []byte) error {
	err := p.streams.run(ctx, id.name, p.node.stretch(streamSlow), func() error {
		ctx, cancel := context.WithTimeout(ctx, streamTimeout)
		defer cancel()
		message := make()
		return p.node.transport.Deliver(ctx, transport.Kind(message[0]), to, message[1:])
	})
	if errors.Is(err, syscall.ECONNREFUSED) {
		p.node.watch.suspect(id, suspicion{why: "it refuses streams", tell: true})
	} else if err != nil && p.node.ctx.Err() == nil {
		p.node.log.Debug().Err(err).Str("to", id.name).Msg("cluster: cannot send by stream")
	}
	if p.node.ctx.Err() != nil {
		return ErrClosed
	}
	return err
}

// beginAck reports whether no acknowledgement by stream is under way to a peer yet.
func (s *streams) beginAck(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peer(name)
	began := !p.acks
	p.acks = true
	return began
}

func (s *streams) endAck(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peer(name).acks = false
}

// mayIntroduce reports whether it is time to introduce this member to a peer.
func (s *streams) mayIntroduce(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !time.Now().Before(s.peer(name).introduce)
}

// introduced notes how an introduction ended.
func (s *streams) introduced(name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peer(name)
	p.pause = min(max(2*p.pause, firstIntroduce), slowestIntroduce)
	if err == nil {
		p.pause = 0
	}
	p.introduce = time.Now().Add(p.pause)
}

// introduce makes a peer listen that takes this member for dead: it acknowledges nothing, and only in an exchange of all
// that memberlist knows does this member learn that it has to contradict. A peer that does not answer delays others by a
// moment, and is left alone for some time.
func (p *pusher) introduce(id identity, to Address) {
	if !p.streams.mayIntroduce(id.name) {
		return
	}
	waiting, cancel := context.WithTimeout(p.node.ctx, p.node.stretch(introducePatience))
	defer cancel()
	if !p.introductions.Take(waiting) {
		return
	}
	free := sync.OnceFunc(p.introductions.Free)
	defer free()
	defer time.AfterFunc(p.node.stretch(streamSlow), free).Stop()
	_, err := p.node.list.Join([]string{to.Addr})
	p.streams.introduced(id.name, err)
	if err != nil && p.node.ctx.Err() == nil {
		p.node.log.Debug().Err(err).Str("to", to.Addr).Msg("cluster: cannot introduce this member")
	}
}
