package cluster

import "github.com/grapevine-go/grapevine/cluster/internal/aged"

const (
	mostTold      = 256 // addresses that are searched because a peer named them
	mostToldEach  = 64  // by one peer; one more evicts its own oldest
	mostToldDials = 3   // of one, then the search ends
)

// hearsay holds the addresses at which members live according to others. They take no room from
// addresses that this node knows first-hand, are dialled less often, and never enter the peers file.
type hearsay struct {
	all     *aged.Map[string, *absence]            // by address
	tellers map[string]*aged.Map[string, *absence] // the same, by teller
}

func newHearsay() *hearsay {
	return &hearsay{all: aged.New[string, *absence](mostTold), tellers: make(map[string]*aged.Map[string, *absence])}
}

func (h *hearsay) len() int { return h.all.Len() }

func (h *hearsay) at(address string) *absence { return h.all.Get(address) }

// add returns the entries that it evicted: the oldest of the same teller, or of the teller with the most.
func (h *hearsay) add(one *absence) (evicted []*absence) {
	from := one.teller
	if own := h.tellers[from]; h.all.Full() && (own == nil || !own.Full()) {
		from = h.most()
	}
	if own := h.tellers[from]; own != nil && (own.Full() || h.all.Full()) {
		_, oldest, _ := own.Oldest()
		h.remove(oldest.address)
		evicted = append(evicted, oldest)
	}
	if h.tellers[one.teller] == nil {
		h.tellers[one.teller] = aged.New[string, *absence](mostToldEach)
	}
	h.tellers[one.teller].Set(one.address, one)
	h.all.Set(one.address, one)
	return evicted
}

// most returns the teller with the most addresses.
func (h *hearsay) most() (teller string) {
	most := 0
	for name, own := range h.tellers {
		if own.Len() > most {
			teller, most = name, own.Len()
		}
	}
	return teller
}

func (h *hearsay) remove(address string) {
	one := h.all.Get(address)
	if one == nil {
		return
	}
	h.all.Delete(address)
	own := h.tellers[one.teller]
	if own.Delete(address); own.Len() == 0 {
		delete(h.tellers, one.teller)
	}
}
