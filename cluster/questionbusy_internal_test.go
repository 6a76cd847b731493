package cluster

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// TestQuestionsThatWait has more members to ask than are sent something at a time. Those that were not asked yet are asked
// within a second of when there is room: only what a member leaves unanswered doubles its pause.
func TestQuestionsThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNodeOn(t, stalled{}, zerolog.Nop())
		defer time.Sleep(time.Minute)
		for i := range 3 * mostAnswered {
			n.handle([]event{upEvent{identity{fmt.Sprint("m", i), 1}, fmt.Sprintf("10.0.1.%d:7946", i), membership.WireVersion, true}})
		}
		for range 4 {
			time.Sleep(firstQuestion + time.Millisecond)
			n.repair.question()
		}
		n.repair.mu.Lock()
		slow := 0
		for _, last := range n.repair.asked {
			if last.pause > firstQuestion {
				slow++
			}
		}
		if asked := len(n.repair.asked); asked != 3*mostAnswered || slow > mostAnswered {
			t.Errorf("%d of %d members wait for longer, although %d were asked", slow, asked, mostAnswered)
		}
		n.repair.mu.Unlock()
		n.cancel()
	})
}
