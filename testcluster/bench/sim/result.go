package sim

import "time"

// Result is what came out of a Run. Requests count that began in its span.
type Result struct {
	Latency  Histogram // of those that were answered, from when they should have been sent
	Requests int
	Failed   int // requests of which the last attempt failed, or that nothing could be picked for
	Attempts int
	Broken   int // attempts that failed
	Local    int // attempts that stayed within their zone
	Picks    []int
	Bins     [][]int // picks by instance, in each second

	// Without is the longest time that a backend got no call, after the scenario's Well.
	Without time.Duration
}

// counts says whether what began at t is in the span.
func (r *Run) counts(t time.Duration) bool { return t >= 0 && t < r.scenario.Span }

func (r *Run) begun(q *request) {
	if r.counts(q.began) {
		r.Requests++
		r.pending[q] = struct{}{}
	}
}

func (r *Run) ended(q *request, failed bool) {
	if !r.counts(q.began) {
		return
	}
	delete(r.pending, q)
	if failed {
		r.Failed++
		return
	}
	r.Latency.Add(r.now - q.began)
}

func (r *Run) broke(q *request) {
	if r.counts(q.began) {
		r.Broken++
	}
}

// waited takes in how long a backend got no call.
func (r *Run) waited(b *Backend) {
	if well := r.scenario.Well; well > 0 && r.now >= well {
		r.Without = max(r.Without, min(r.now, r.scenario.Span)-max(b.picked, well))
		b.picked = r.now
	}
}

func (r *Run) picked(zone string, b *Backend) {
	if !r.counts(r.now) {
		return
	}
	r.waited(b)
	r.Attempts++
	r.Picks[b.Number]++
	r.Bins[r.now/binWidth][b.Number]++
	if b.Zone == zone {
		r.Local++
	}
}
