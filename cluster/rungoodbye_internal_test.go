package cluster

import (
	"testing"
	"time"
)

// TestGoodbyeWithinTheWholeEnd holds how long Leave may take after the other steps of the end.
func TestGoodbyeWithinTheWholeEnd(t *testing.T) {
	const second = time.Second
	for name, tt := range map[string]struct{ spent, answering, want time.Duration }{
		"quiet":                                   {0, 0, 5 * second},
		"the drain took long":                     {5 * second, 0, 2500 * time.Millisecond},
		"and requests in flight":                  {5 * second, second / 2, 2 * second},
		"drain and pause took long":               {7 * second, 0, leastGoodbye},
		"drain and pause, and requests in flight": {7 * second, second, leastGoodbye},
		"requests took longer":                    {0, 2 * second, 5 * second},
		"the options allow for more":              {8 * second, 0, 5 * second},
	} {
		t.Run(name, func(t *testing.T) {
			r := &run{runOptions: runOptions{leave: goodbyePatience}}
			if got := r.goodbye(tt.spent, tt.answering); got != tt.want {
				t.Errorf("Leave may take %v, want %v", got, tt.want)
			}
		})
	}
}
