package main

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

var (
	tailSeeds      = flag.Int("tail.seeds", 0, "seeds for TestTailFigures; 0 skips it")
	tailScenarios  = flag.String("tail.scenarios", "", "scenarios, separated by commas; all, if empty")
	tailContenders = flag.String("tail.contenders", "", "contenders, separated by commas; all, if empty")
)

// TestTailFigures prints the rows of -what tail.
func TestTailFigures(t *testing.T) {
	if *tailSeeds == 0 {
		t.Skip("-tail.seeds asks for it")
	}
	scenarios, err := parseScenarios(*tailScenarios)
	if err != nil {
		t.Fatal(err)
	}
	contenders, err := parseContenders(*tailContenders)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		printRows(t, tailFigures(t, s, contenders, *tailSeeds))
	}
}

// tailFigures has each contender go through a scenario with each seed.
func tailFigures(t *testing.T, s sim.Scenario, contenders []string, seeds int) (rows []Row) {
	results := make(map[string][]sim.Result)
	var mu sync.Mutex
	t.Run(s.Name, func(t *testing.T) {
		for seed := range uint64(seeds) {
			for _, name := range contenders {
				t.Run(fmt.Sprintf("%s/%d", name, seed+1), func(t *testing.T) {
					t.Parallel()
					result := tailRun(t, s, name, seed+1)
					mu.Lock()
					defer mu.Unlock()
					results[name] = append(results[name], result)
				})
			}
		}
	})
	for _, name := range contenders {
		rows = append(rows, tailRows(s, name, results[name])...)
	}
	return rows
}

func tailRun(t *testing.T, s sim.Scenario, name string, seed uint64) (result sim.Result) {
	synctest.Test(t, func(t *testing.T) {
		logx.DisableStat() // go-zero prints what its balancer does
		catchUp()
		c, err := contenderOf(name)
		if err != nil {
			t.Fatal(err)
		}
		if result, err = sim.Do(s, c, seed); err != nil {
			t.Fatal(err)
		}
	})
	return result
}
