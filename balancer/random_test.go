package balancer

import "testing"

func TestRandomIsUniform(t *testing.T) {
	counts := count(t, newBalancer(Random(), numbered(1, 2, 4, 8, 16, 32, 64, 128, 256, 512)), 100_000)
	if got := chiSquare(counts, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}); got > farOff {
		t.Errorf("picked %v times: chi-square %.0f, want at most %d", counts, got, farOff)
	}
}
