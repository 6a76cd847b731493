package membership

import (
	"context"
	"iter"
	"sync"
)

// watchers are those who follow a view, each with the version of the snapshot that it has dealt with.
type watchers struct {
	mu       sync.Mutex
	done     map[*watcher]uint64
	progress chan struct{} // closed at the next progress; nil while nobody waits for it
}

type watcher struct{ _ byte } // each has an address of its own

// Watch yields the current snapshot, then the latest one after each change, until ctx is done. A slow
// reader skips what is out of date and holds up no other reader.
//
// Watch is for code that routes calls. It counts for [View.Settled]: when a member drains or leaves,
// this process acknowledges that only once the body of each loop over Watch has ended for it, or
// after 750 ms. So nobody here calls that member once it has ended, and a slow body delays the drain
// of every member. Code that only observes, such as a log, a metric or a page, uses [View.Follow].
func (v *View) Watch(ctx context.Context) iter.Seq[*Snapshot] {
	return func(yield func(*Snapshot) bool) {
		w := new(watcher)
		v.watchers.note(w, 0)
		defer v.watchers.leave(w)
		for snapshot := range v.Follow(ctx) {
			if !yield(snapshot) {
				return
			}
			v.watchers.note(w, snapshot.version)
		}
	}
}

// Follow yields what [View.Watch] yields, for code that only observes: it does not count for
// [View.Settled], so a body that takes long delays no drain.
func (v *View) Follow(ctx context.Context) iter.Seq[*Snapshot] {
	return func(yield func(*Snapshot) bool) {
		for ctx.Err() == nil {
			snapshot := v.Snapshot()
			if !yield(snapshot) {
				return
			}
			select {
			case <-snapshot.Changed():
			case <-ctx.Done():
			}
		}
	}
}

// Settled waits until every loop over [View.Watch] has dealt with the snapshot that is the latest at
// the call, or with a later one: its body has ended for it. It returns the error of ctx if that is
// done first, as a body may take long. Loops over [View.Follow] do not count.
func (v *View) Settled(ctx context.Context) error {
	version := v.Snapshot().version
	for {
		progress, behind := v.watchers.behind(version)
		if !behind {
			return nil
		}
		select {
		case <-progress:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Hold keeps [View.Settled] from returning until release is called, which may be done more than once: for who has more to do for a
// snapshot than the body of its loop in [View.Watch], in which it calls Hold.
func (v *View) Hold() (release func()) {
	w := new(watcher)
	v.watchers.note(w, 0)
	return func() { v.watchers.leave(w) }
}

// note takes note of a version that a watcher has dealt with.
func (w *watchers) note(one *watcher, version uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done == nil {
		w.done = make(map[*watcher]uint64)
	}
	w.done[one] = version
	w.wake()
}

func (w *watchers) leave(one *watcher) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.done, one)
	w.wake()
}

// wake tells whoever waits. Called with the lock held.
func (w *watchers) wake() {
	if w.progress != nil {
		close(w.progress)
		w.progress = nil
	}
}

// behind says whether somebody has not dealt with a version yet, and gives a channel that closes at the next progress.
func (w *watchers) behind(version uint64) (progress <-chan struct{}, behind bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, done := range w.done {
		if done < version {
			if w.progress == nil {
				w.progress = make(chan struct{})
			}
			return w.progress, true
		}
	}
	return nil, false
}
