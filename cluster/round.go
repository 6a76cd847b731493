package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

const (
	dialPatience     = time.Second           // with all addresses of a first round together
	leastPatience    = 50 * time.Millisecond // with one of them
	longestRound     = 10 * time.Second      // where dialPatience for each does not take longer
	longer           = 11                    // quarters of its patience that a dial takes in all: 22 are under way at a time
	mostDoublings    = 7                     // of the patience, with each round in a row that nobody answered
	rememberPatience = 5 * time.Second       // after which a round of remembered addresses counts as the last

	mostRememberRounds = 6 // the last with a second for each address
)

// round dials addresses, each once, a few at a time and in the order of their sources: by turns one of
// each. Where there are more than are dialled at a time, each has its share of a second, so that one
// member among many addresses that do not answer is found soon, whatever their order. Each further
// round has twice the patience, for networks in which a handshake takes that long. A dial
// goes on for some time after its share, although it holds no slot any more: an answer that is under way counts.
type round struct {
	reach    *reach
	identify identify
	slots    slots.Slots
	failures int // rounds in a row before this one that nobody answered

	mu       sync.Mutex
	seen     map[string]bool // addresses that were given
	names    int             // whose addresses are not known yet
	dialled  map[string]bool // dials under way
	until    time.Time       // at which nobody waits for them any more
	number   int             // of addresses that were dialled or are to be
	answered bool
	failed   faults
	changed  chan struct{} // holds a token after a dial has ended
}

func (r *reach) newRound(dial identify, within slots.Slots, failures int) *round {
	return &round{
		reach: r, identify: dial, slots: within, failures: min(failures, mostDoublings),
		seen: make(map[string]bool), dialled: make(map[string]bool), changed: make(chan struct{}, 1),
	}
}

// expect counts names as an address each, until take counts those that they lead to.
func (o *round) expect(names int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.names += names
}

// take returns those of the addresses of a name that nobody gave before; they are to be dialled.
func (o *round) take(addresses []string) (taken []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.names--
	for _, address := range addresses {
		if !o.seen[address] {
			o.seen[address] = true
			taken = append(taken, address)
		}
	}
	o.number += len(taken)
	return taken
}

// patience returns for how long the next dial may take.
func (o *round) patience() time.Duration {
	o.mu.Lock()
	all := time.Duration(max(o.number+o.names, cap(o.slots)))
	o.mu.Unlock()
	slots := time.Duration(cap(o.slots))
	share := max(dialPatience*slots/all, leastPatience)
	return min(share<<o.failures, max(dialPatience, longestRound*slots/all), streamTimeout)
}

// dial begins to dial an address once turn and a slot are free. It returns false once the node closes.
func (o *round) dial(address string, turn slots.Slots) bool {
	ctx := o.reach.node.ctx
	if !turn.Take(ctx) {
		return false
	}
	defer turn.Free()
	if !o.slots.Take(ctx) {
		return false
	}
	patience := o.reach.node.stretch(o.patience())
	o.mu.Lock()
	o.dialled[address] = true
	o.until = time.Now().Add(min(patience, dialPatience))
	o.mu.Unlock()
	free := sync.OnceFunc(o.slots.Free)
	begun := o.reach.node.spawn(func() {
		defer time.AfterFunc(patience, free).Stop()
		answered, err := o.reach.try(address, o.identify, free, min(patience*longer/4, streamTimeout))
		o.end(address, answered, err)
	})
	if !begun {
		free()
	}
	return begun
}

func (o *round) end(address string, answered bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.dialled, address)
	if o.answered = o.answered || answered; err != nil {
		o.failed.add(err)
	}
	putToken(o.changed)
}

// left returns for how long to wait for the dials that are under way: those that are silent for
// long go on, and nobody waits for them.
func (o *round) left() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.dialled) == 0 {
		return 0
	}
	return time.Until(o.until)
}

// wait waits for the end of a round whose addresses have all been dialled.
func (o *round) wait() (answered bool, err error) {
	for left := o.left(); left > 0; left = o.left() {
		timer := time.NewTimer(left)
		select {
		case <-o.changed:
		case <-timer.C:
		case <-o.reach.node.ctx.Done():
			timer.Stop()
			return false, ErrClosed
		}
		timer.Stop()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, address := range slices.Sorted(maps.Keys(o.dialled)) {
		o.failed.add(fmt.Errorf("join %s: no answer yet", address))
	}
	if o.answered {
		return true, nil
	}
	return false, o.failed.err()
}

// trySeeds asks all providers, and dials what each answers as soon as it does: a provider that is
// slow, or whose addresses are silent, does not delay the others. It returns how many seeds there
// are beside this node and its peers, what could not be found out about them, and why the dials failed.
func (r *reach) trySeeds() (seeds int, answered bool, unknown, failed error) {
	ctx, cancel := context.WithTimeout(r.node.ctx, lookupTimeout)
	defer cancel()
	r.mu.Lock()
	o := r.newRound(r.node.transport.IdentifySeed, r.seedDials, r.failures)
	r.mu.Unlock()
	o.seen[r.node.Address()] = true
	if r.node.catchUp.met() {
		for _, address := range r.node.push.living() {
			o.seen[address] = true
		}
	}
	errs := make([]error, len(r.providers))
	var asked sync.WaitGroup
	for i, provider := range r.providers {
		asked.Go(func() { errs[i] = r.tryProvider(ctx, provider, o) })
	}
	asked.Wait()
	answered, failed = o.wait()
	return o.number, answered, errors.Join(errs...), failed
}

// tryProvider dials the seeds of one provider, by turns one address of each name.
func (r *reach) tryProvider(ctx context.Context, provider SeedProvider, o *round) error {
	names, err := askSeeds(ctx, provider)
	turn := make(slots.Slots, 1)
	o.expect(len(names))
	errs := make([]error, len(names))
	var lookups sync.WaitGroup
	for i, name := range names {
		lookups.Go(func() {
			found, err := lookUp(ctx, name)
			usable, shunned := r.usable(found)
			errs[i] = errors.Join(err, shunned)
			for _, address := range o.take(usable) {
				if !o.dial(address, turn) {
					return
				}
			}
		})
	}
	lookups.Wait()
	return errors.Join(err, errors.Join(errs...))
}

// usable leaves out the addresses that are not dialled for some time, and returns why.
func (r *reach) usable(addresses []string) (usable []string, err error) {
	for _, address := range addresses {
		if why, shun := r.shuns(address); !shun {
			usable = append(usable, address)
		} else {
			err = errors.Join(err, why)
		}
	}
	return usable, err
}

// lookUpAll returns the addresses of seeds whose form was checked.
func lookUpAll(ctx context.Context, seeds []string) (addresses []string, err error) {
	found := make([][]string, len(seeds))
	failed := make([]error, len(seeds))
	var lookups sync.WaitGroup
	for i, seed := range seeds {
		lookups.Go(func() { found[i], failed[i] = lookUp(ctx, seed) })
	}
	lookups.Wait()
	return slices.Concat(found...), errors.Join(failed...)
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

// tryRemembered dials the addresses of the peers file until one answers, or this node has peers. It sends what
// came of it at rememberPatience at the latest, and tries a few times more where addresses are silent. The search
// goes on with what is left.
func (r *reach) tryRemembered(addresses []string, result chan<- bool) {
	defer r.release()
	began, answered := time.Now(), false
	send := sync.OnceFunc(func() { result <- answered })
	defer send()
	for failures := range mostRememberRounds {
		round := time.Now()
		answered = r.dialRemembered(addresses, failures)
		if time.Since(began) >= rememberPatience {
			send()
		}
		silent := len(addresses) > cap(r.dials) && time.Since(round) >= dialPatience/2
		if answered || !silent || r.node.push.count() > 0 || r.node.ctx.Err() != nil {
			return
		}
	}
}

func (r *reach) dialRemembered(addresses []string, failures int) (answered bool) {
	turn, o := make(slots.Slots, 1), r.newRound(r.node.transport.Identify, r.dials, failures)
	o.expect(1)
	for _, address := range o.take(addresses) {
		if o.isAnswered() || !o.dial(address, turn) {
			break
		}
	}
	answered, _ = o.wait()
	return answered
}

func (o *round) isAnswered() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answered
}

// release lets the search dial remembered addresses.
func (r *reach) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing.hold = false
}
