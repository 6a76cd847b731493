package cluster

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/peerfile"
)

const (
	rememberEvery  = 5 * time.Second // at most, and only what has changed
	mostRemembered = 1024            // addresses in the file
)

// memory keeps the addresses of this member's peers in a file, so that it finds them again when it restarts, whatever became
// of the seeds. What is wrong with the file is logged and costs nothing else.
type memory struct {
	node          *Node
	path, cluster string // no path means no file

	mu      sync.Mutex
	closed  bool     // nothing is written any more
	written []string // last
}

// recall reads the file, and writes it at once, so that one that cannot be written is known from the start. A file that is
// somebody else's, for all that is known, is left alone.
func (m *memory) recall() (addresses []string) {
	if m.path == "" {
		return nil
	}
	addresses, err := peerfile.Read(m.path, m.cluster)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.node.log.Warn().Err(err).Str("setting", settingOf("PeersFile")).
			Msg("cluster: starts without the remembered peers")
	}
	damaged := errors.Is(err, peerfile.ErrCorrupt) && !errors.Is(err, peerfile.ErrUnknown)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !damaged {
		m.path = ""
		return nil
	}
	m.write(addresses)
	return addresses
}

// run writes until the node closes, and once more then.
func (m *memory) run() {
	for {
		select {
		case <-time.After(rememberEvery):
			m.save()
		case <-m.node.ctx.Done():
			m.save()
			return
		}
	}
}

// seal writes for the last time, before the goodbyes of others who leave as well make the file forget them.
func (m *memory) seal() {
	m.save()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}

// save writes whom this member knows, if that has changed.
func (m *memory) save() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if addresses := m.node.peerAddresses(); m.path != "" && !m.closed && !slices.Equal(addresses, m.written) {
		m.write(addresses)
	}
}

func (m *memory) write(addresses []string) {
	if err := peerfile.Write(m.path, m.cluster, addresses); err != nil {
		m.node.seldom.Warn(err, "cluster: cannot remember the peers")
		return // and tries again
	}
	m.written = addresses
}

// peerAddresses are those of the living, and of those that were lost, the last to be lost first.
func (n *Node) peerAddresses() (addresses []string) {
	addresses = slices.Sorted(maps.Values(n.push.living()))
	lost := n.reach.absent()
	slices.SortFunc(lost, func(a, b lostAddress) int { return cmp.Or(b.since.Compare(a.since), cmp.Compare(a.address, b.address)) })
	for _, one := range lost {
		addresses = append(addresses, one.address)
	}
	addresses = addresses[:min(len(addresses), mostRemembered)]
	slices.Sort(addresses)
	return slices.Compact(addresses)
}

// lostAddress is where a member was that is missing.
type lostAddress struct {
	address string
	since   time.Time
}

// absent gives the addresses of those who are looked for.
func (r *reach) absent() (lost []lostAddress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for address, absence := range r.missing {
		lost = append(lost, lostAddress{address, absence.since})
	}
	return lost
}
