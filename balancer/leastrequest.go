package balancer

const secondDraws = 4 // how often a second item is drawn that may turn out to be the first again

// LeastRequest draws two different items in proportion to their weights and picks the one with fewer requests in
// flight for its weight; on a tie the first drawn wins. If items report their load, see [Balancer.Report], the four that
// reported last are considered too.
//
// The requests in flight of an item are this Balancer's own and, from its last report, those of others. A report counts
// less with its age, t/(t+age) where t is a quarter of the time that calls take, 2.5 ms while that is not known, and not at
// all after 2 s; the mean of all reports counts for the rest.
//
// An item whose latest call failed is degraded: it gets trials only, one in 8 to 64 of its picks, fewer after
// each further failure in a row, and one after 5 s in any case. The first trial that succeeds ends the
// degradation, and so do 10 s without a failure. Trials are as frequent however many calls overlap. At most half
// of the items are degraded or out of use at a time. An item that fails fast is idle; it is not preferred for
// that to an item whose latest call succeeded.
//
// With q requests in flight and weight w, the call goes to the second item if (q₂+1)/w₂ < q₁/w₁ + 1/max(w₁,w₂), that is, if with the
// call it would be no fuller than the first is. So the shares are the weights when calls do not overlap and
// close to them when they do. Comparing (q+1)/w on both sides would count the weights twice and leave a light item
// without any call until the heavy ones have many.
//
// Sources: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE Transactions on Parallel and
// Distributed Systems 12(10), 2001; Wydrowski et al., "Load is not what you should balance: Introducing Prequal", NSDI 2024, for
// the reports. Envoy's least request policy also sets the weight against q+1.
func LeastRequest() Policy {
	return func(s *Set) Picker {
		s.WantReports()
		s.degradeFailing()
		weights, equal := weightsOf(s.Candidates)
		l := &least{candidates: s.Candidates, reports: s.Reports}
		switch {
		case len(s.Candidates) == 1:
			return func(Call) int { return 0 }
		case equal:
			return l.uniform
		default:
			l.table = newAliasTable(weights)
			return l.weighted
		}
	}
}

func weightsOf(candidates []*Candidate) (weights []uint64, equal bool) {
	weights, equal = make([]uint64, len(candidates)), true
	for i, candidate := range candidates {
		weights[i] = uint64(candidate.Weight())
		equal = equal && weights[i] == weights[0]
	}
	return weights, equal
}

type least struct {
	candidates []*Candidate
	reports    *Reports
	table      aliasTable
}

func (l *least) uniform(call Call) int {
	first, second := twoUniform(call.Word, len(l.candidates))
	return l.of(call.Word, first, second)
}

func (l *least) weighted(call Call) int {
	first, second := twoWeighted(call.Word, l.table)
	return l.of(call.Word, first, second)
}

func (l *least) of(word uint64, first, second int) int {
	a, b := l.candidates[first], l.candidates[second]
	if l.reports.count.Load() == 0 {
		if lessLoaded(b, a) && !b.outdoneBy(a) {
			return second
		}
		return first
	}
	return l.estimated(word, first, second)
}

// lessLoaded compares by cross multiplication, which does not overflow below 2^43 calls in flight.
func lessLoaded(b, a *Candidate) bool {
	wa, wb := a.weight.Load(), b.weight.Load()
	return (b.inFlight.Load()+1)*wa < a.inFlight.Load()*wb+min(wa, wb)
}

// estimated compares what is not known exactly.
func (l *least) estimated(word uint64, first, second int) int {
	fleet := l.reports.fleet(word)
	best := first
	q, w := l.candidates[first].queue(fleet)
	consider := func(position int) {
		q2, w2 := l.candidates[position].queue(fleet)
		if (q2+1)*w < q*w2+min(w, w2) && !l.candidates[position].outdoneBy(l.candidates[best]) {
			best, q, w = position, q2, w2
		}
	}
	consider(second)
	for i := range freshest {
		if position, ok := l.reports.Latest(i); ok {
			consider(position)
		}
	}
	return best
}
