package transport

import (
	"sync"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
)

const mostReached = 4096 // addresses that were dialled and at which a member was; the oldest is forgotten

// reached are the members that proved themselves at an address which this process dialled.
type reached struct {
	mu sync.Mutex
	at *aged.Map[string, string]
}

func (r *reached) note(address, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = aged.New[string, string](mostReached)
	}
	r.at.Set(address, id)
}

// Reached returns the identity of the member that proved itself at an address when this process
// dialled it last, and "" if none did. Nothing that others say of the address changes it.
func (t *Transport) Reached(address string) string {
	t.reached.mu.Lock()
	defer t.reached.mu.Unlock()
	if t.reached.at == nil {
		return ""
	}
	return t.reached.at.Get(address)
}
