package cluster

import "time"

const (
	lookPause   = time.Second      // between two looks at one member, however many accuse it
	wellFor     = 10 * time.Second // since it was found alive: on a weak suspicion it is asked first, and knocked at askAgain later
	mostWaiting = 1024             // looks under way, and those that wait; more suspicions are dropped
)

// lastLook is a look that has ended.
type lastLook struct {
	at    time.Time
	found verdict
}

// beginLook allows one look at a member at a time, and says how long to wait with it. Within lookPause of the last, a weak
// suspicion is dropped, as more will come while there is reason for them; any other waits until that is over.
func (w *watch) beginLook(id identity, weak bool) (wait time.Duration, begun bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, ok := w.seen.Find(id); ok {
		wait = max(0, lookPause-time.Since(last.at))
	}
	if w.under[id] || len(w.under) >= mostWaiting || weak && wait > 0 {
		return 0, false
	}
	w.under[id] = true
	return wait, true
}

func (w *watch) endLook(id identity, found verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.under, id)
	w.seen.Set(id, lastLook{time.Now(), found})
}

// wasWell says that the last look at a member found it alive, not long ago.
func (w *watch) wasWell(id identity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.seen.Get(id)
	return last.found == alive && time.Since(last.at) < wellFor
}
