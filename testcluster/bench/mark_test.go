package main

import "testing"

func TestMarks(t *testing.T) {
	cluster := func(system, metric string, n int, value float64) Row {
		return Row{System: system, Metric: metric, N: n}.of(value)
	}
	const want = `met              join, n=10, grapevine / grapevine-plain: 1.50, 2 at most
not measured     join, n=50, grapevine / grapevine-plain, 2 at most
for information  join, n=10, grapevine / memberlist-key: 3.00
MISSED           idle bytes, n=10, grapevine / memberlist-key: 1.31, 1.3 at most
not measured     heap, n=10, grapevine / memberlist-key, 1.3 at most
met              idle bytes, n=10, memberlist-over / memberlist-key: 1.30, 1.3 at most
not measured     heap, n=10, memberlist-over / memberlist-key, 1.3 at most
not measured     false leaves, n=100, grapevine, 0 at most
`
	if got := verdicts(transportMarks([]Row{
		cluster(sealed, metricJoin, 10, 150), cluster(unsealed, metricJoin, 10, 100), cluster(keyed, metricJoin, 10, 50),
		cluster(sealed, metricIdle, 10, 131), cluster(keyed, metricIdle, 10, 100), cluster(sealed, metricHeap, 10, 1),
		cluster(over, metricIdle, 10, 130),
	})); got != want {
		t.Errorf("marks:\n%swant:\n%s", got, want)
	}
}

func TestFalseLeavesAreNotForgiven(t *testing.T) {
	row := Row{System: sealed, Metric: metricLeaves, N: 100}
	for want, row := range map[string]Row{"met": row.of(0, 0, 0), "MISSED": row.of(0, 0, 1)} {
		if got := falseLeaves([]Row{row}, 100); got.verdict() != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}
