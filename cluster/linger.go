package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/internal/aged"
)

const (
	mostLingering = 14              // dials of seeds that go on after their share of the first second
	lingerFor     = 2 * time.Second // from their begin, unless their share is more
)

// lingering are dials that go on although their time in a slot is over: where a round trip takes long, an answer comes
// later than the share of an address, and an honest seed must not have to wait for the next round. One more ends the oldest.
type lingering struct {
	mu    sync.Mutex
	dials *aged.Map[*context.CancelFunc, *context.CancelFunc] // nil where none may linger
}

func newLingering(most int) *lingering {
	if most == 0 {
		return new(lingering)
	}
	return &lingering{dials: aged.New[*context.CancelFunc, *context.CancelFunc](most)}
}

// begin returns the context of a dial, which lingers after share and calls free then. Call done at its end.
func (l *lingering) begin(ctx context.Context, share time.Duration, free func()) (dial context.Context, done func()) {
	dial, cancel := context.WithCancel(ctx)
	over := false
	timer := time.AfterFunc(share, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if over {
			return
		}
		defer free()
		if l.dials == nil {
			cancel()
		} else if oldest, evicted := l.dials.Set(&cancel, &cancel); evicted {
			(*oldest)()
		}
	})
	return dial, func() {
		timer.Stop()
		l.mu.Lock()
		defer l.mu.Unlock()
		if over = true; l.dials != nil {
			l.dials.Delete(&cancel)
		}
		cancel()
	}
}
