package cluster

import (
	"cmp"
	"errors"
	"io/fs"
	"net/netip"
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
	addresses = slices.DeleteFunc(addresses, func(address string) bool { return !dialable(address, m.node.address.Addr()) })
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

// peerAddresses are the addresses for the file: those at which living peers have proven themselves;
// then those of members that were lost after they had, the last to be lost first; then what the file
// held before and nobody refused. Hearsay is not among them.
func (n *Node) peerAddresses() (addresses []string) {
	addresses = n.push.proven(n.transport.Proven)
	addresses = append(addresses, n.reach.absent(len(addresses) > 0)...)
	addresses = slices.DeleteFunc(addresses, func(address string) bool { return !dialable(address, n.address.Addr()) })
	seen := make(map[string]bool)
	addresses = slices.DeleteFunc(addresses, func(address string) bool {
		again := seen[address]
		seen[address] = true
		return again
	})
	addresses = addresses[:min(len(addresses), mostRemembered)]
	slices.Sort(addresses)
	return addresses
}

// absent returns the addresses of those that are searched and proved themselves there, the last to be
// lost first. Once this node has met a peer, a remembered address that refuses is not among them.
func (r *reach) absent(met bool) (addresses []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*absence
	for _, one := range r.missing.known.All() {
		if one.proven && !(one.origin == remembered && one.refused && met) {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b *absence) int {
		return cmp.Or(cmp.Compare(a.origin, b.origin), b.since.Compare(a.since), cmp.Compare(a.address, b.address))
	})
	for _, one := range all {
		addresses = append(addresses, one.address)
	}
	return addresses
}

// dialable reports whether others than own may be at an address: not where no host is, and at an
// address that means something on this host or link alone only if this node has such a one itself.
func dialable(address string, own netip.Addr) bool {
	at, err := netip.ParseAddrPort(address)
	ip := at.Addr().Unmap()
	switch {
	case err != nil || at.Port() == 0 || ip.Zone() != "" || ip.IsUnspecified() || ip.IsMulticast() || ip == broadcast:
		return false
	case ip.IsLoopback():
		return own.IsLoopback()
	case ip.IsLinkLocalUnicast():
		return own.IsLinkLocalUnicast()
	}
	return true
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
