package transport

import "fmt"

// Versions are the oldest and the newest form of messages that a member speaks. Members that share none refuse each other.
type Versions struct{ Oldest, Newest byte }

// check says whether a peer's versions overlap with these.
func (v Versions) check(peer Versions) error {
	if peer.Newest < v.Oldest || peer.Oldest > v.Newest {
		return &RefusedError{Reason: ReasonVersion, Detail: fmt.Sprintf(
			"it speaks wire versions %d to %d, this member %d to %d: run a release on one of them that speaks both",
			peer.Oldest, peer.Newest, v.Oldest, v.Newest)}
	}
	return nil
}
