package balancer

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

const within = 10 * time.Millisecond

// run asks the clock n times, one pause after the other, and says how often it was late by more than within, and how often it was read.
func (c *coarse) run(n int, pause time.Duration) (late, read int) {
	for range n {
		time.Sleep(pause)
		before := c.at.Load()
		at := c.now(rand.Uint64(), int64(within))
		if now()-at > int64(within) {
			late++
		}
		if at != before {
			read++
		}
	}
	return late, read
}

func TestCoarseClockIsReadAsOftenAsNeeded(t *testing.T) {
	for name, tt := range map[string]struct {
		pause      time.Duration
		late, read int // of 10,000, at most
	}{
		"all the time":  {time.Microsecond, 0, 1000},
		"often":         {150 * time.Microsecond, 400, 2000},
		"not so often":  {time.Millisecond, 0, 10_000},
		"now and again": {time.Second, 0, 10_000},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := new(coarse)
			if late, read := c.run(10_000, tt.pause); late > tt.late || read > tt.read {
				t.Errorf("%s: late %d times and read %d times, want at most %d and %d", name, late, read, tt.late, tt.read)
			}
		})
	}
}

// After a rush, calls that come slowly are not taken for a rush for long.
func TestCoarseClockSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(coarse)
		c.run(10_000, time.Microsecond)
		if late, _ := c.run(10_000, time.Second); late > 200 {
			t.Errorf("late %d times of 10,000, want only at first", late)
		}
	})
}
