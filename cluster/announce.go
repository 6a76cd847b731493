package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	announceTick    = 100 * time.Millisecond // between two looks at the members that have not confirmed
	probeAfter      = 700 * time.Millisecond // without a confirmation, after three datagrams
	mostProbed      = 16                     // members, at each announceTick
	suspectPatience = time.Second            // for a suspected member, which may be paused for a moment
)

// ErrUnresponsive is the cause of an [*UnconfirmedError] that names suspected members only. They
// answer no probe, so Drain and Leave wait for them no longer than about a second.
var ErrUnresponsive = errors.New("suspected members answer no probe")

// ErrStarved is part of the cause of an [*UnconfirmedError] of a process that ran late while it
// waited. Such a process cannot tell a member that is silent from an answer that it has not read yet.
var ErrStarved = errors.New("this process gets too little processor time to probe them")

// UnconfirmedError names the live members that had not confirmed a drain or a goodbye when the wait
// ended. They hear of it through gossip once they are reachable.
type UnconfirmedError struct {
	Members []string // by name, in ascending order
	Cause   error    // why the wait ended: [ErrUnresponsive], or the error of the context, with [ErrStarved] where it holds
}

func (e *UnconfirmedError) Error() string {
	return fmt.Sprintf("not confirmed by %s: %v", strings.Join(e.Members, ", "), e.Cause)
}

func (e *UnconfirmedError) Unwrap() error { return e.Cause }

// announce raises this member's state and waits until every live member has acknowledged it.
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
	return n.awaitAcks(ctx, n.record().Version)
}

func (n *Node) awaitAcks(ctx context.Context, version uint64) error {
	tick := time.NewTicker(announceTick)
	defer tick.Stop()
	began, due, starved := time.Now(), true, false
	for {
		starved = starved || n.strained()
		missing, changed := n.push.behind(version)
		if len(missing) == 0 {
			return nil
		}
		if due && n.unresponsive.all(missing, n.watch.isSilent) {
			return unconfirmed(missing, ErrUnresponsive)
		}
		if due && time.Since(began) >= probeAfter {
			n.probeSilent(missing)
		}
		due = false
		select {
		case <-changed:
		case <-tick.C:
			due = true
		case <-ctx.Done():
			cause := context.Cause(ctx)
			if starved {
				cause = fmt.Errorf("%w: %w", cause, ErrStarved)
			}
			return unconfirmed(missing, cause)
		case <-n.ctx.Done():
			return ErrClosed
		}
	}
}

func unconfirmed(missing []identity, cause error) error {
	names := make([]string, len(missing))
	for i, id := range missing {
		names[i] = id.name
	}
	slices.Sort(names)
	return &UnconfirmedError{names, cause}
}

// probeSilent probes members that do not confirm, so that a paused one is suspected soon. SWIM's
// suspicion alone is not enough to give a member up. An isolated node probes nobody: silence is no
// evidence there.
func (n *Node) probeSilent(missing []identity) {
	probed := 0
	for _, id := range missing {
		if probed == mostProbed || n.solitude.cutOff() {
			return
		}
		if !n.watch.isSilent(id) {
			why := "it does not confirm that " + n.id.name + " ends"
			n.watch.suspect(id, suspicion{why: why, tell: true, weak: true})
			probed++
		}
	}
}

// unresponsive records since when the members that have not confirmed answer no probe. Drain and
// Leave share it: Leave does not wait again for a member that Drain gave up.
type unresponsive struct {
	mu    sync.Mutex
	since map[identity]time.Time
}

// all reports whether each of missing has been silent for suspectPatience.
func (u *unresponsive) all(missing []identity, silent func(identity) bool) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	all, since := true, make(map[identity]time.Time)
	for _, id := range missing {
		if !silent(id) {
			all = false
			continue
		}
		began, known := u.since[id]
		if !known {
			began = time.Now()
		}
		since[id] = began
		all = all && time.Since(began) >= suspectPatience
	}
	u.since = since
	return all
}
