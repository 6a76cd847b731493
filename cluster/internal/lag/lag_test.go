package lag

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// fixed is a lag that does not change.
type fixed time.Duration

func (f fixed) Lag() time.Duration { return time.Duration(f) }

func TestPatience(t *testing.T) {
	for _, tt := range []struct {
		lag, stretched time.Duration // of 100 ms
		strained       bool
	}{
		{0, 100 * time.Millisecond, false},
		{14 * time.Millisecond, 100 * time.Millisecond, false},
		{15 * time.Millisecond, 250 * time.Millisecond, false},
		{60 * time.Millisecond, 700 * time.Millisecond, false},
		{61 * time.Millisecond, 710 * time.Millisecond, true},
		{time.Second, 2 * time.Second, true},
		{most, 2 * time.Second, true},
	} {
		p := Of(fixed(tt.lag))
		if got := p.Stretch(100 * time.Millisecond); got != tt.stretched || p.Strained() != tt.strained {
			t.Errorf("%v late: 100ms becomes %v, strained %v; want %v, %v", tt.lag, got, p.Strained(), tt.stretched, tt.strained)
		}
	}
	for _, d := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1, 1 << 60} {
		if got := Of(fixed(most)).Stretch(d); got < d {
			t.Errorf("%v becomes %v", d, got)
		}
	}
	if p := Of("no measure"); p.Strained() || p.Stretch(time.Second) != time.Second {
		t.Error("a process that is not measured is late")
	}
}

// TestMeterDecays notes what a process may meet, and looks at it later.
func TestMeterDecays(t *testing.T) {
	for name, tt := range map[string]struct {
		late []time.Duration // a second apart
		want time.Duration   // right after
		calm time.Duration   // until the process is not strained
	}{
		"once":             {[]time.Duration{80 * time.Millisecond}, 80 * time.Millisecond, 500 * time.Millisecond},
		"less and less":    {[]time.Duration{800 * time.Millisecond, 100 * time.Millisecond}, 400 * time.Millisecond, 3 * time.Second},
		"more and more":    {[]time.Duration{100 * time.Millisecond, 800 * time.Millisecond}, 800 * time.Millisecond, 4 * time.Second},
		"stopped for days": {[]time.Duration{72 * time.Hour}, most, 8 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var m Meter
				for i, late := range tt.late {
					if i > 0 {
						time.Sleep(time.Second)
					}
					m.note(late, time.Now())
				}
				if got := m.Lag(); got != tt.want {
					t.Errorf("lag %v, want %v", got, tt.want)
				}
				time.Sleep(tt.calm)
				if Of(&m).Strained() {
					t.Errorf("strained %v later: lag %v", tt.calm, m.Lag())
				}
			})
		})
	}
}

// TestMeterOnVirtualTime runs where nothing is ever late, and ends with its context.
func TestMeterOnVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var m Meter
		m.Run(ctx)
		if got := m.Lag(); got != 0 {
			t.Errorf("lag %v", got)
		}
		time.Sleep(time.Hour)
		if got := m.Lag(); got != 0 {
			t.Errorf("lag %v long after it ended", got)
		}
	})
}

// TestMeterIsOverdue has a process be stopped in a measurement: what runs first after that knows it already.
func TestMeterIsOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Meter
		m.expect(time.Now().Add(every))
		time.Sleep(every + 300*time.Millisecond)
		if got := m.Lag(); got != 300*time.Millisecond {
			t.Errorf("lag %v, want 300ms", got)
		}
		time.Sleep(time.Hour)
		if got := m.Lag(); got != most {
			t.Errorf("lag %v, want %v", got, most)
		}
	})
}
