package cluster

// SetDirectPeers makes a node send by way of relays from fewer peers on.
func SetDirectPeers(n *Node, most int) {
	n.push.mu.Lock()
	defer n.push.mu.Unlock()
	n.push.directPeers = most
}

// VersionOf returns the version of a node's own record.
func VersionOf(n *Node) uint64 { return n.record().Version }
