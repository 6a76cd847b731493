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

func TestMarksOfTheOthers(t *testing.T) {
	row := func(system, metric, scenario string, samples ...float64) Row {
		return Row{System: system, Metric: metric, N: 10, Scenario: scenario}.of(samples...)
	}
	for want, got := range map[string][]mark{
		`MISSED           propagation, p99, n=10, grapevine / memberlist: 0.06, 0.05 at most
met              propagation, p99, n=10, grapevine / etcd: 0.60, 1 at most
`: propagateMarks([]Row{row(sealed, metricPropagation, "", 1, 6), row(bare, metricPropagation, "", 90, 100), row(etcds, metricPropagation, "", 10)}),
		`met              idle bytes, n=10, grapevine / memberlist: 1.50, 1.5 at most
MISSED           idle bytes, n=10, grapevine-plain / memberlist: 1.60, 1.5 at most
met              heap, n=10, grapevine / memberlist: 0.50, 1.5 at most
not measured     heap, n=10, grapevine-plain / memberlist, 1.5 at most
`: idleMarks([]Row{row(sealed, metricIdle, "", 15), row(unsealed, metricIdle, "", 16), row(bare, metricIdle, "", 10),
			row(sealed, metricHeap, "", 1), row(bare, metricHeap, "", 2)}),
		`met              full view after a heal 10s, n=10, grapevine: 30.00, 30 at most
MISSED           full view after a heal 45s, n=10, grapevine: 31.00, 30 at most
not measured     full view after a heal 5m0s, n=10, grapevine, 30 at most
met              restart, n=10, grapevine: 0.50, 1 at most
`: healMarks([]Row{row(sealed, metricHeal, "10s", 1, 30), row(sealed, metricHeal, "45s", 1, 31), row(sealed, metricRestart, "", 0.5)}),
		`met              crash, n=10, grapevine: 250.00, 250 at most
met              live members removed, n=10, grapevine: 0.00, 0 at most
MISSED           crash, n=10, grapevine-plain: 251.00, 250 at most
MISSED           live members removed, n=10, grapevine-plain: 1.00, 0 at most
met              crash host vanishes, 0 % loss, n=10, grapevine: 3000.00, 3000 at most
met              crash, not called host vanishes, 0 % loss, n=10, grapevine: 2900.00, 3000 at most
met              live members removed host vanishes, 0 % loss, n=10, grapevine: 0.00, 0 at most
not measured     crash host vanishes, 10 % loss, n=10, grapevine, 3000 at most
not measured     crash, not called host vanishes, 10 % loss, n=10, grapevine, 3000 at most
not measured     live members removed host vanishes, 10 % loss, n=10, grapevine, 0 at most
not measured     crash host vanishes, 30 % loss, n=10, grapevine, 3000 at most
not measured     crash, not called host vanishes, 30 % loss, n=10, grapevine, 3000 at most
not measured     live members removed host vanishes, 30 % loss, n=10, grapevine, 0 at most
`: crashMarks([]Row{row(sealed, metricCrash, "", 1, 250), row(sealed, metricRemoved, "", 0, 0),
			row(unsealed, metricCrash, "", 251), row(unsealed, metricRemoved, "", 0, 1),
			row(sealed, metricCrash, "host vanishes, 0 % loss", 3000), row(sealed, metricSpared, "host vanishes, 0 % loss", 2900),
			row(sealed, metricRemoved, "host vanishes, 0 % loss", 0)}),
		`MISSED           failed SIGTERM, n=10, grapevine: 1.00, 0 at most
not measured     failed kill -9, one retry, n=10, grapevine, 0 at most
met              requests that are lacking SIGTERM, n=10, grapevine: 0.00, 0 at most
not measured     requests that are lacking kill -9, one retry, n=10, grapevine, 0 at most
`: rollingMarks([]Row{row(sealed, metricFailed, "SIGTERM", 1), row(sealed, metricRequests, "SIGTERM", 200_001), row(bare, metricFailed, "SIGTERM", 9)}),
		`met              live members removed 5 % loss, n=10, grapevine: 0.00, 0 at most
not measured     live members removed 20 % loss, n=10, grapevine, 0 at most
not measured     live members removed starved, n=10, grapevine, 0 at most
MISSED           live members removed starved, own views, n=10, grapevine: 1.00, 0 at most
`: falseMarks([]Row{row(sealed, metricRemoved, "5 % loss", 0), row(sealed, metricRemoved, starvedOwn, 1)}),
	} {
		if verdicts(got) != want {
			t.Errorf("marks:\n%swant:\n%s", verdicts(got), want)
		}
	}
}

func TestPicksMustNotGrow(t *testing.T) {
	row := func(n int, value float64) Row {
		return Row{System: "LeastRequest", Metric: metricPick, Scenario: pickSerial + pickDirect, N: n}.of(value)
	}
	for large, want := range map[float64]string{30: "met", 31: "MISSED"} {
		if got := growth([]Row{row(10, 20), row(10_000, large)}, "LeastRequest"); got.verdict() != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	if got := growth([]Row{row(10, 20)}, "LeastRequest"); got.verdict() != "not measured" {
		t.Errorf("%v, of which the largest is missing", got)
	}
	marks := pickMarks([]Row{row(10, 50), row(100, 51)})
	want := map[string]string{"pick serial, direct, n=10, LeastRequest": "met", "pick serial, direct, n=100, LeastRequest": "MISSED"}
	for _, m := range marks {
		if want[m.name] != "" && m.verdict() != want[m.name] {
			t.Errorf("%v, want %s", m, want[m.name])
		}
		delete(want, m.name)
	}
	if len(want) > 0 {
		t.Errorf("no marks: %v", want)
	}
}

func TestFalseLeavesAreNotForgiven(t *testing.T) {
	row := Row{System: sealed, Metric: metricLeaves, N: 100}
	for want, row := range map[string]Row{"met": row.of(0, 0, 0), "MISSED": row.of(0, 0, 1)} {
		if got := limit([]Row{row}, sealed, metricLeaves, "", 100, 0); got.verdict() != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}
