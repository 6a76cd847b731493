package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
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

// seeds asks all providers and gives the addresses behind their answers that are to be dialled, each once.
func (r *reach) seeds() (addresses []string, err error) {
	ctx, cancel := context.WithTimeout(r.node.ctx, lookupTimeout)
	defer cancel()
	given := make([][]string, len(r.providers))
	failed := make([]error, len(r.providers))
	var asked sync.WaitGroup
	for i, provider := range r.providers {
		asked.Go(func() {
			names, err := askSeeds(ctx, provider)
			found, unknown := lookUpAll(ctx, names)
			given[i], failed[i] = found, errors.Join(err, unknown)
		})
	}
	asked.Wait()
	err = errors.Join(failed...)
	seen := map[string]bool{r.node.Address(): true}
	for _, address := range r.node.push.living() {
		seen[address] = true
	}
	for _, some := range given {
		for _, address := range some {
			if seen[address] {
				continue
			}
			seen[address] = true
			if pause, shun := r.shuns(address); !shun {
				addresses = append(addresses, address)
			} else {
				err = errors.Join(err, pause)
			}
		}
	}
	return addresses, err
}

// lookUpAll gives the addresses of seeds whose form was checked.
func lookUpAll(ctx context.Context, seeds []string) (addresses []string, err error) {
	found := make([][]string, len(seeds))
	failed := make([]error, len(seeds))
	var lookups sync.WaitGroup
	for i, seed := range seeds {
		lookups.Go(func() { found[i], failed[i] = lookUp(ctx, seed) })
	}
	lookups.Wait()
	for _, some := range found {
		addresses = append(addresses, some...)
	}
	return addresses, errors.Join(failed...)
}

func lookUp(ctx context.Context, seed string) (addresses []string, err error) {
	host, port, err := net.SplitHostPort(seed)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("look up seed %s: %w", seed, err)
	}
	for _, ip := range ips {
		addresses = append(addresses, net.JoinHostPort(ip.Unmap().String(), port))
	}
	return addresses, nil
}

// outcome is what came of a dial: a member answered, or nobody did although nothing failed, or an error.
type outcome struct {
	address  string
	answered bool
	err      error
}

// tryAll dials all addresses at once. It returns when one has answered, or none did; those that are silent are waited for no
// longer than dialPatience, so that they do not keep the others from being dialled again.
func (r *reach) tryAll(addresses []string) (answered bool, err error) {
	outcomes := make(chan outcome, len(addresses))
	pending := make(map[string]bool)
	for _, address := range addresses {
		begun := r.node.spawn(func() {
			answered, err := r.try(address)
			outcomes <- outcome{address, answered, err}
		})
		if begun {
			pending[address] = true
		}
	}
	patience := time.NewTimer(dialPatience)
	defer patience.Stop()
	for len(pending) > 0 {
		select {
		case one := <-outcomes:
			if one.answered {
				return true, nil
			}
			delete(pending, one.address)
			err = errors.Join(err, one.err)
		case <-patience.C:
			for _, address := range slices.Sorted(maps.Keys(pending)) {
				err = errors.Join(err, fmt.Errorf("join %s: no answer yet", address))
			}
			return false, err
		case <-r.node.ctx.Done():
			return false, ErrClosed
		}
	}
	return false, err
}

var errBusy = errors.New("no answer yet")

// try identifies the process at an address, and joins it if it is another member of this cluster.
// An address that leads back to this member is no error where no other can be there. Elsewhere it
// is one, as the next dial may lead to another member.
func (r *reach) try(address string) (answered bool, err error) {
	if address == r.node.Address() {
		r.letGo(address)
		return false, nil
	}
	if !r.begin(address) {
		return false, fmt.Errorf("join %s: %w", address, errBusy)
	}
	defer r.end(address)
	if !r.dials.Take(r.node.ctx) {
		return false, ErrClosed
	}
	defer r.dials.Free()
	found, err := r.node.transport.Identify(r.node.ctx, address, streamTimeout)
	switch {
	case err == nil && found == r.node.id.String() && r.node.transport.Listens(address):
		r.letGo(address)
		return false, nil
	case err == nil && found == r.node.id.String():
		err = errLedBack
	case err == nil:
		if err = r.join(address); err == nil {
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
func (r *reach) join(address string) error {
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

// begin keeps an address that is slow to answer from being dialled twice at a time.
func (r *reach) begin(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dialled[address] {
		return false
	}
	r.dialled[address] = true
	return true
}

func (r *reach) end(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.dialled, address)
}

// note remembers why a dial failed.
func (r *reach) note(address string, err error) {
	var refusal *transport.RefusedError
	switch {
	case errors.As(err, &refusal) && refusal.Reason == transport.ReasonCluster:
		r.avoid(address, fmt.Errorf("join %s: %w", address, err))
	case errors.Is(err, syscall.ECONNREFUSED):
		r.mu.Lock()
		id := r.missing.refused(address, time.Now())
		r.mu.Unlock()
		r.node.watch.suspect(id, suspicion{why: "its port refuses connections"}) // if it is listed still, as one that is kept
	}
}

// avoid keeps an address from being dialled for some time, by whomever it was given, and lets go of who was there.
func (r *reach) avoid(address string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.shunned) >= mostMissing {
		clear(r.shunned)
	}
	r.shunned[address] = shunned{time.Now().Add(shunFor), why}
	delete(r.missing, address)
}

// letGo ends the search at an address where only this member itself can be.
func (r *reach) letGo(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.missing, address)
}

// shuns says whether an address is to be left alone, and why.
func (r *reach) shuns(address string) (why error, shun bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pause, known := r.shunned[address]
	if !known || time.Now().After(pause.until) {
		delete(r.shunned, address)
		return nil, false
	}
	return pause.why, true
}

// welcome ends that for an address where a member of this cluster is.
func (r *reach) welcome(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.shunned, address)
}
