package transport

import (
	"testing"

	"pgregory.net/rapid"
)

// TestWindow holds the window against a set of all counters that were seen.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w window
		seen := make(map[uint64]bool)
		newest := uint64(0)
		for range rapid.IntRange(1, 200).Draw(t, "datagrams") {
			n := newest + rapid.Uint64Range(0, 20).Draw(t, "ahead")
			switch rapid.IntRange(0, 9).Draw(t, "how") {
			case 0:
				n += rapid.Uint64Range(0, 3*windowSize).Draw(t, "far ahead")
			case 1, 2, 3:
				n -= min(n, rapid.Uint64Range(0, 2*windowSize).Draw(t, "behind"))
			}
			want := n > 0 && !seen[n] && n+windowSize > newest
			if got := w.fresh(n); got != want {
				t.Fatalf("after %d, %d is fresh = %v, want %v", newest, n, got, want)
			}
			if want {
				w.add(n)
				seen[n] = true
				newest = max(newest, n)
			}
		}
	})
}
