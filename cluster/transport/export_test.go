package transport

import (
	"context"
	"time"
)

// These let tests do what peers can, and nobody's code does.

// OpenLink opens one more link to an address.
func (t *Transport) OpenLink(address string) (*link, error) {
	p, err := t.dial(context.Background(), address, "", time.Second, forLink)
	if err != nil {
		return nil, err
	}
	return newLink(p), nil
}

// Say writes a message to the link.
func (l *link) Say(kind Kind, payload []byte) error { return l.write(kind, payload) }

// Announce writes the header of a message that does not come.
func (l *link) Announce(size byte) { l.Write([]byte{0, size, 0, 0, 1}) }
