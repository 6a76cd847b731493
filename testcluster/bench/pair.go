package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

const (
	mostUnhandled = 1024             // messages that wait for a handler
	patience      = 10 * time.Second // that a batch is given
)

// pair is two of a system, of which one sends to the other.
type pair struct {
	system  string
	send    func([]byte) error // as a datagram
	deliver func([]byte) error // by stream
	handled chan struct{}      // one for each message
	close   func()
}

// await waits until one more message was handled.
func (p *pair) await(late <-chan time.Time) error {
	select {
	case <-p.handled:
		return nil
	case <-late:
		return fmt.Errorf("%s: a message was not handled within %v", p.system, patience)
	}
}

func newPairs(wrap func(network) network) (pairs []*pair, err error) {
	for _, s := range systems(sealed, unsealed, keyed, bare) {
		p, err := s.kind.(paired).pair(wrap)
		if err != nil {
			closePairs(pairs)
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		p.system = s.name
		pairs = append(pairs, p)
	}
	return pairs, nil
}

func closePairs(pairs []*pair) {
	for _, p := range pairs {
		p.close()
	}
}

func (g grapevine) pair(wrap func(network) network) (*pair, error) {
	p := &pair{handled: make(chan struct{}, mostUnhandled)}
	from, err := g.listen("from@1", wrap, func(transport.From, []byte) {})
	if err != nil {
		return nil, err
	}
	to, err := g.listen("to@1", wrap, func(transport.From, []byte) { p.handled <- struct{}{} })
	if err != nil {
		return nil, errors.Join(err, from.Shutdown())
	}
	there := transport.Address{Addr: to.Address(), Name: "to@1"}
	p.send = func(b []byte) error { return from.Send(benchKind, there, b) }
	p.deliver = func(b []byte) error { return from.Deliver(context.Background(), benchKind, there, b) }
	p.close = func() { from.Shutdown(); to.Shutdown() }
	return p, nil
}

func (k plain) pair(wrap func(network) network) (*pair, error) {
	p := &pair{handled: make(chan struct{}, mostUnhandled)}
	from, err := k.create("from", wrap, func(*memberlist.Config) {})
	if err != nil {
		return nil, err
	}
	to, err := k.create("to", wrap, func(c *memberlist.Config) { c.Delegate = listener{handled: p.handled} })
	if err != nil {
		return nil, errors.Join(err, from.Shutdown())
	}
	p.close = func() { from.Shutdown(); to.Shutdown() }
	if _, err := from.Join([]string{to.LocalNode().Address()}); err != nil {
		p.close()
		return nil, err
	}
	there := to.LocalNode()
	p.send = func(b []byte) error { return from.SendBestEffort(there, b) }
	p.deliver = func(b []byte) error { return from.SendReliable(there, b) }
	return p, nil
}
