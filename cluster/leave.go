package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// Drain announces that this member takes no new calls. It returns once every live member has
// acknowledged that its subscribers stopped using this instance, and that calls of package endpoint
// that were routed to it before have finished or have reached it. A member acknowledges after 750
// ms even if its subscribers are still busy. What was registered stays listed as draining: it is
// called only where nothing else is left. Register and Update fail from now on.
//
// A suspected member is waited for a second at most, and one that falls silent during the drain
// about two, as it may be paused for long. If nobody else is missing, Drain returns an
// [*UnconfirmedError] with the cause [ErrUnresponsive]: the drain is done as far as it can be, and
// a call of such a member is refused and retried elsewhere. Members that answer and have not
// acknowledged by the end of ctx are named in an [*UnconfirmedError] too, and so are all members of
// an isolated node. Drain may be called again, to wait again.
func (n *Node) Drain(ctx context.Context) error {
	return wrap("drain", n.announce(ctx, membership.Draining))
}

const (
	// lingerAfterGoodbye lets memberlist's own leave message reach the first peers: two of its
	// gossip intervals.
	lingerAfterGoodbye = 400 * time.Millisecond

	// goodbyePatience bounds a Leave whose context has no end of its own.
	goodbyePatience = 5 * time.Second
)

// Leave says goodbye to every live member and closes the node. The members that had not confirmed
// by the end of ctx, or after 5 s, are named in an [*UnconfirmedError]; the node is closed all the
// same. Leave waits for suspected members as [Node.Drain] does, and not at all for those that Drain
// gave up. Leave after Close or Leave returns [ErrClosed].
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

// leaveList queues memberlist's goodbye and gives it a moment to spread. memberlist cannot be told
// to stop waiting, so it is told not to wait.
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
