// Package membership holds what one process knows about its cluster: the members, the services that they offer, and
// the wire form in which a member tells the others about itself.
//
// A [Store] merges what is heard and what is seen; its [View] hands out immutable [Snapshot] values. Nothing here
// touches the network or starts a goroutine, and every type is safe for concurrent use unless it says otherwise.
//
// docs/architecture.md follows a change from the network through a View to a call.
package membership
