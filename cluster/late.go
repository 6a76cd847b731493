package cluster

import "time"

// strained reports whether this process runs so late that silence says nothing of a peer, see package lag.
func (n *Node) strained() bool { return n.transport.Strained() }

// stretch returns a patience that allows for how late this process runs.
func (n *Node) stretch(d time.Duration) time.Duration { return n.transport.Stretch(d) }
