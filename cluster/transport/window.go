package transport

// window remembers which of the latest datagrams of a session arrived, so that none counts twice (RFC 4303, section
// 3.4.3). The zero value has seen none.
type window struct {
	newest uint64
	seen   [windowWords]uint64 // bit n%windowSize is that of counter n
}

const (
	windowSize  = 256 // datagrams that may overtake each other
	windowWords = windowSize / 64
)

// fresh says whether counter n was not seen and is not too old to tell. Counters start at 1.
func (w *window) fresh(n uint64) bool {
	switch {
	case n == 0:
		return false
	case n > w.newest:
		return true
	case w.newest-n >= windowSize:
		return false
	}
	return w.seen[n%windowSize/64]&(1<<(n%64)) == 0
}

// add notes a counter that was fresh.
func (w *window) add(n uint64) {
	if n > w.newest {
		for skipped := w.newest + 1; skipped < n && skipped-w.newest <= windowSize; skipped++ {
			w.seen[skipped%windowSize/64] &^= 1 << (skipped % 64)
		}
		w.newest = n
	}
	w.seen[n%windowSize/64] |= 1 << (n % 64)
}
