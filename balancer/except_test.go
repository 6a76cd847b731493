package balancer

import (
	"testing"

	"pgregory.net/rapid"
)

// inTurn is a policy that picks these positions again and again.
func inTurn(positions ...int) Policy {
	calls := 0
	return func(*Set) Picker {
		return func(Call) int { calls++; return positions[(calls-1)%len(positions)] }
	}
}

func TestPickFor(t *testing.T) {
	for name, tt := range map[string]struct {
		policy Policy
		tried  []bool
		want   int
	}{
		"none tried":             {inTurn(1), []bool{false, false, false}, 1},
		"asks the policy again":  {inTurn(0, 0, 0, 3), []bool{true, false, false, false}, 3},
		"goes on from there":     {inTurn(1), []bool{false, true, false, false}, 2},
		"goes round":             {inTurn(2), []bool{false, true, true, true}, 0},
		"sees the one before it": {inTurn(3), []bool{true, true, false, true}, 2},
		"all tried":              {inTurn(2), []bool{true, true, true}, 2},
		"one, tried":             {inTurn(0), []bool{true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBalancer(tt.policy, numbered(make([]int, len(tt.tried))...))
			got, _, err := b.PickFor(Choice[int]{Tried: func(i int) bool { return tt.tried[i] }})
			if got != tt.want || err != nil {
				t.Errorf("PickFor = %d, %v, want %d", got, err, tt.want)
			}
		})
	}
}

func TestPickForAvoidsTheTried(t *testing.T) {
	for name, policy := range policies {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			weights := rapid.SliceOfN(rapid.IntRange(1, MaxWeight), 1, 20).Draw(t, "weights")
			tried := rapid.SliceOfN(rapid.Bool(), len(weights), len(weights)).Draw(t, "tried")
			left := 0
			for _, tried := range tried {
				if !tried {
					left++
				}
			}
			b := newBalancer(policy(), numbered(weights...))
			got, token, err := b.PickFor(Choice[int]{Tried: func(i int) bool { return tried[i] }})
			if err != nil || left > 0 && tried[got] {
				t.Fatalf("PickFor = %d, %v, want one of the %d untried", got, err, left)
			}
			if token.candidate != b.known.present[numbered(weights...)[got].Key] || token.candidate.InFlight() != 1 {
				t.Fatalf("the call is not counted once on %d", got)
			}
		}))
	}
}
