package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// shunned is an address that is not dialled again soon.
type shunned struct {
	until time.Time
	why   error
}

// identify dials an address and returns who is there.
type identify func(ctx context.Context, address string, timeout time.Duration) (id string, err error)

var errBusy = errors.New("no answer yet")

// try identifies the process at an address, and joins it if it is another member of this cluster.
// An address that leads back to this member is no error where no other can be there. Elsewhere it
// is one, as the next dial may lead to another member. The caller holds a slot, which try frees once
// it knows who is there, and may have freed it before.
func (r *reach) try(address string, dial identify, free func(), patience time.Duration) (answered bool, err error) {
	defer free()
	if address == r.node.Address() {
		r.letGo(address)
		return false, nil
	}
	if !r.begin(address) {
		return false, fmt.Errorf("join %s: %w", address, errBusy)
	}
	defer r.end(address)
	found, err := dial(r.node.ctx, address, patience)
	free()
	switch {
	case err == nil && found == r.node.id.String() && r.node.transport.Listens(address):
		r.letGo(address)
		return false, nil
	case err == nil && found == r.node.id.String():
		err = errLedBack
	case err == nil:
		if err = r.join(found, address); err == nil {
			r.node.meet(found, address)
		}
	}
	if err != nil {
		r.note(address, err)
		return false, fmt.Errorf("join %s: %w", address, err)
	}
	return true, nil
}

var errLedBack = errors.New("it led back to this member, and is tried again")

// join exchanges all that is known with the member at an address. This dial may lead elsewhere than
// the one before it: to another member, which is as good, or back to this one, which is an error.
// A member that answers at many addresses is joined at one of them at a time. An exchange that takes
// long goes on, and makes room for others.
func (r *reach) join(found, address string) error {
	if !r.begin(found) {
		return errBusy
	}
	defer r.end(found)
	if !r.joins.Take(r.node.ctx) {
		return ErrClosed
	}
	free := sync.OnceFunc(r.joins.Free)
	defer free()
	defer time.AfterFunc(joinPatience, free).Stop()
	_, err := r.node.list.Join([]string{address})
	var listed interface{ WrappedErrors() []error }
	if errors.As(err, &listed) { // memberlist makes several lines of one
		err = errors.Join(listed.WrappedErrors()...)
	}
	return err
}

// meet lists again a member that was dropped although memberlist never gave it up. The member has
// just identified itself at an address, which is proof of life there. Through another address, such
// as a virtual IP, that is only a sign of life.
func (n *Node) meet(found, address string) {
	for _, node := range n.list.Members() {
		if node.Name != found {
			continue
		}
		if node.Address() == address {
			delegate{n}.seen(node, true)
		} else if id, err := parseIdentity(found); err == nil {
			n.contact(id)
		}
	}
}

// begin keeps an address that is slow to answer from being dialled twice at a time, and a member
// from being joined twice.
func (r *reach) begin(what string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dialled[what] {
		return false
	}
	r.dialled[what] = true
	return true
}

func (r *reach) end(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.dialled, what)
}

// note remembers why a dial failed.
func (r *reach) note(address string, err error) {
	var refusal *transport.RefusedError
	switch {
	case errors.As(err, &refusal) && refusal.Reason == transport.ReasonCluster:
		r.avoid(address, fmt.Errorf("join %s: %w", address, err))
	case errors.Is(err, syscall.ECONNREFUSED):
		peers := r.node.push.count() > 0
		r.mu.Lock()
		id := r.missing.refused(address, peers, time.Now())
		r.mu.Unlock()
		r.node.watch.suspect(id, suspicion{why: "its port refuses connections"}) // if it is listed still, as one that is kept
	}
}

// avoid keeps an address from being dialled for some time, by whomever it was given, and lets go of who was there.
func (r *reach) avoid(address string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shunned.Set(address, shunned{time.Now().Add(shunFor), why})
	r.missing.forget(address)
}

// letGo ends the search at an address where only this member itself can be.
func (r *reach) letGo(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing.forget(address)
}

// shuns says whether an address is to be left alone, and why.
func (r *reach) shuns(address string) (why error, shun bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pause, known := r.shunned.Find(address)
	if !known || time.Now().After(pause.until) {
		r.shunned.Delete(address)
		return nil, false
	}
	return pause.why, true
}

// welcome ends that for an address where a member of this cluster is.
func (r *reach) welcome(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shunned.Delete(address)
}
