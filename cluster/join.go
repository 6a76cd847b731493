package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand" // of the first version, as memberlist: a test can seed both together
	"net"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/slots"
)

const (
	firstRejoin   = 200 * time.Millisecond // between rounds while a seed is no member, as one beyond a cut; doubles with each
	slowestRejoin = 10 * time.Second
	seedCheck     = 20 * time.Second // between rounds otherwise
	lookupTimeout = 5 * time.Second
	mostDials     = 16 // seeds dialled at a time
)

// joiner dials the seeds, all at once, for as long as the node lives. Those that are living members are left alone.
type joiner struct {
	node  *Node
	seeds []string
	tried chan struct{} // closed when no seed answered in the first round
	dials slots.Slots

	mu      sync.Mutex
	dialled map[string]bool // addresses being dialled
}

func newJoiner(n *Node, seeds []string) *joiner {
	return &joiner{node: n, seeds: seeds, tried: make(chan struct{}),
		dials: make(slots.Slots, mostDials), dialled: make(map[string]bool)}
}

func (j *joiner) run() {
	if len(j.seeds) == 0 {
		j.node.name.synced() // there is nobody to ask
		return
	}
	backoff := firstRejoin
	for first := true; ; first = false {
		missing, err := j.round()
		if first && err != nil {
			close(j.tried)
		}
		wait := seedCheck
		if missing {
			wait, backoff = backoff, min(2*backoff, slowestRejoin)
		} else {
			backoff = firstRejoin
		}
		if len(j.node.push.living()) == 0 && err != nil {
			j.node.ready.failed(err)
			j.node.log.Warn().Err(err).Dur("retry_in", wait).Msg("cluster: no seed answers")
		}
		select {
		case <-time.After(wait/2 + time.Duration(rand.Int63n(int64(wait)))): // jitter, so that a cluster does not return as a herd
		case <-j.node.ctx.Done():
			return
		}
	}
}

// round dials every seed address that is not a living member's, and says whether there is one. It returns when one has
// answered, or all have failed.
func (j *joiner) round() (missing bool, err error) {
	addresses, err := j.resolve()
	missing = len(addresses) > 0 || err != nil
	outcomes := make(chan error, len(addresses))
	pending := 0
	for _, address := range addresses {
		if j.begin(address) {
			pending++
			j.node.work.Go(func() { outcomes <- j.dial(address) })
		}
	}
	if len(addresses) == 0 && err == nil {
		j.node.name.synced() // every seed is this node itself, or a member
	}
	for range pending {
		select {
		case outcome := <-outcomes:
			if outcome == nil {
				return missing, nil
			}
			err = errors.Join(err, outcome)
		case <-j.node.ctx.Done():
			return missing, ErrClosed
		}
	}
	return missing, err
}

// resolve gives the addresses behind the seeds that are neither this node's nor a living member's, each once.
func (j *joiner) resolve() (addresses []string, err error) {
	ctx, cancel := context.WithTimeout(j.node.ctx, lookupTimeout)
	defer cancel()
	skip := map[string]bool{j.node.Address(): true}
	for _, address := range j.node.push.living() {
		skip[address] = true
	}
	found := make([][]string, len(j.seeds))
	failed := make([]error, len(j.seeds))
	var lookups sync.WaitGroup
	for i, seed := range j.seeds {
		lookups.Go(func() { found[i], failed[i] = lookUp(ctx, seed) })
	}
	lookups.Wait()
	for _, some := range found {
		for _, address := range some {
			if !skip[address] {
				skip[address] = true
				addresses = append(addresses, address)
			}
		}
	}
	return addresses, errors.Join(failed...)
}

// lookUp gives the addresses of a seed, whose form was checked.
func lookUp(ctx context.Context, seed string) ([]string, error) {
	host, port, err := net.SplitHostPort(seed)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("look up seed %s: %w", seed, err)
	}
	var addresses []string
	for _, ip := range ips {
		addresses = append(addresses, net.JoinHostPort(ip.Unmap().String(), port))
	}
	return addresses, nil
}

// begin keeps an address that is slow to answer from being dialled twice at a time.
func (j *joiner) begin(address string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dialled[address] {
		return false
	}
	j.dialled[address] = true
	return true
}

func (j *joiner) dial(address string) error {
	defer func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.dialled, address)
	}()
	if !j.dials.Take(j.node.ctx) {
		return ErrClosed
	}
	defer j.dials.Free()
	_, err := j.node.list.Join([]string{address})
	var listed interface{ WrappedErrors() []error }
	if errors.As(err, &listed) { // memberlist makes several lines of one
		err = errors.Join(listed.WrappedErrors()...)
	}
	return err
}
