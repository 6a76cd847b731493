package sim

import "math/rand/v2"

// reference picks by what fits into a line, with nothing to start and nothing to learn.
type reference struct {
	chance    *rand.Rand
	instances []Instance
	inFlight  map[int]int
	rule      func(*reference) int // an index
	turn      int
}

func contenderBy(rule func(*reference) int) Contender {
	return Contender{Name: "reference", New: func(_ *World, about Client) (Caller, error) {
		return &reference{chance: rand.New(rand.NewPCG(uint64(about.Number), 0)), inFlight: make(map[int]int), rule: rule}, nil
	}}
}

func (r *reference) Update(instances []Instance) error {
	r.instances = instances
	return nil
}

func (r *reference) Pick(int) (instance int, done func(Answer), ok bool) {
	if len(r.instances) == 0 {
		return 0, nil, false
	}
	instance = r.instances[r.rule(r)].Number
	r.inFlight[instance]++
	return instance, func(Answer) { r.inFlight[instance]-- }, true
}

func (r *reference) Close() {}

var (
	theOne     = contenderBy(func(r *reference) int { return 0 })
	roundRobin = contenderBy(func(r *reference) int { r.turn++; return r.turn % len(r.instances) })
	ofTwo      = contenderBy(func(r *reference) int {
		a, b := r.chance.IntN(len(r.instances)), r.chance.IntN(len(r.instances))
		if r.inFlight[r.instances[b].Number] < r.inFlight[r.instances[a].Number] {
			return b
		}
		return a
	})
)
