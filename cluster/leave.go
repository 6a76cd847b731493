package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// UnconfirmedError says which living members had not confirmed when the time was up. They hear of it later, through
// gossip, unless they are gone.
type UnconfirmedError struct {
	Members []string // by name, in ascending order
	Cause   error    // why the waiting ended
}

func (e *UnconfirmedError) Error() string {
	return fmt.Sprintf("not confirmed by %s: %v", strings.Join(e.Members, ", "), e.Cause)
}

func (e *UnconfirmedError) Unwrap() error { return e.Cause }

// Drain tells every living member that this one takes no new calls, and returns once each has confirmed that its view
// says so, and that those who watch the view there have dealt with it: from then on nobody picks this one any more, and calls
// that package endpoint had picked it for just before have returned, or reached it. One whose watchers take longer than
// 750 ms confirms without them. Those that have not by the end of ctx are named in an [*UnconfirmedError]. What was registered
// stays listed as draining: it is called only where nothing else is left. Register and Update fail from now on. Drain may be
// called again, to wait again.
func (n *Node) Drain(ctx context.Context) error {
	return wrap("drain", n.announce(ctx, membership.Draining))
}

// announce raises this member's state and waits until every living member has acknowledged it.
func (n *Node) announce(ctx context.Context, state membership.State) error {
	if err := n.failure(); err != nil {
		return err // nobody listens to this node
	}
	err := n.change(func(own *membership.Record) error {
		own.State = max(own.State, state)
		return nil
	})
	if err != nil {
		return err
	}
	version := n.record().Version
	for {
		names, changed := n.push.behind(version)
		if len(names) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			slices.Sort(names)
			return &UnconfirmedError{names, context.Cause(ctx)}
		case <-n.ctx.Done():
			return ErrClosed
		}
	}
}

const (
	// lingerAfterGoodbye lets memberlist's own leave message reach the first peers: two of its gossip intervals.
	lingerAfterGoodbye = 400 * time.Millisecond

	// goodbyePatience bounds a Leave whose context has no end of its own.
	goodbyePatience = 5 * time.Second
)

// Leave says goodbye to every living member and closes the node. The members that had not confirmed by the end of ctx,
// or after 5 s, are named in an [*UnconfirmedError]; the node is closed all the same. Leave after Close or Leave
// returns [ErrClosed].
func (n *Node) Leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, goodbyePatience)
	defer cancel()
	n.memory.seal()
	err := n.announce(ctx, membership.Left)
	if errors.Is(err, ErrClosed) {
		return ErrClosed
	}
	n.leaveList(ctx)
	if closeErr := n.Close(); err == nil {
		err = closeErr
	}
	return wrap("leave", err)
}

// leaveList queues memberlist's goodbye and gives it a moment to spread. memberlist cannot be told to stop waiting, so
// it is told not to wait.
func (n *Node) leaveList(ctx context.Context) {
	if len(n.push.living()) == 0 || !n.beginGoodbye() {
		return
	}
	select {
	case <-time.After(lingerAfterGoodbye):
	case <-ctx.Done():
	case <-n.ctx.Done():
	}
}

// beginGoodbye calls memberlist's Leave unless the node is closed, after which it would panic.
func (n *Node) beginGoodbye() bool {
	n.listUse <- struct{}{}
	defer func() { <-n.listUse }()
	if n.ctx.Err() != nil {
		return false
	}
	_ = n.list.Leave(time.Nanosecond) // it times out, by design
	return true
}
