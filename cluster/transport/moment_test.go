package transport

import (
	"testing"
	"time"
)

// TestFault57_Moments has times that are further away than a duration reaches.
func TestFault57_Moments(t *testing.T) {
	now := time.Now()
	times := []time.Time{
		{}, now.AddDate(-260, 0, 0), now.AddDate(-200, 0, 0), now.AddDate(-100, 0, 0), now.Add(-time.Hour), now,
		now.Add(time.Hour), now.AddDate(100, 0, 0), now.AddDate(200, 0, 0), now.AddDate(260, 0, 0),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	for i, early := range times {
		m := momentOf(early)
		if past := early.Before(now); m.after(now) == past && !early.Equal(now) {
			t.Errorf("%v is after %v: %v", early, now, !past)
		}
		for _, late := range times[i:] {
			if momentOf(late) < m {
				t.Errorf("%v comes before %v", late, early)
			}
			if m.until(late) < 0 || momentOf(late).until(early) > 0 {
				t.Errorf("from %v to %v it is %v, and %v back", early, late, m.until(late), momentOf(late).until(early))
			}
		}
		if moment(0).until(now) < time.Hour*24*365 {
			t.Error("the zero moment is not long ago")
		}
	}
}
