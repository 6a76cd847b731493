package main

import (
	"flag"
	"slices"
	"strconv"
	"strings"

	"github.com/grapevine-go/grapevine/testcluster/bench/sim"
)

// simulated is what is to be simulated.
type simulated struct {
	seeds      int
	scenarios  string // names, separated by commas; all, if empty
	contenders string // likewise
	svg        string // folder; "" for none
}

const mostSeedsSimulated = 100

func (s *simulated) flags(flags *flag.FlagSet) {
	flags.IntVar(&s.seeds, "seeds", 5, "tail: how often each is simulated, each time with other chances")
	flags.StringVar(&s.scenarios, "scenarios", "", "tail: which, separated by commas; all, if empty")
	flags.StringVar(&s.contenders, "contenders", "", "tail: whose picks, separated by commas; all, if empty")
	flags.StringVar(&s.svg, "svg", "", "tail: folder to write pictures to")
}

func (s *simulated) check() error {
	if s.seeds < 1 || s.seeds > mostSeedsSimulated {
		return invalid("-seeds", strconv.Itoa(s.seeds), "use 1 to %d", mostSeedsSimulated)
	}
	if _, err := parseScenarios(s.scenarios); err != nil {
		return err
	}
	_, err := parseContenders(s.contenders)
	return err
}

// args are for TestTailFigures.
func (s *simulated) args() []string {
	return []string{"-tail.seeds=" + strconv.Itoa(s.seeds), "-tail.scenarios=" + s.scenarios, "-tail.contenders=" + s.contenders}
}

func parseScenarios(list string) (chosen []sim.Scenario, err error) {
	all := sim.Scenarios()
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	positions, err := choose("-scenarios", list, names)
	for _, i := range positions {
		chosen = append(chosen, all[i])
	}
	return chosen, err
}

func parseContenders(list string) (names []string, err error) {
	positions, err := choose("-contenders", list, contenderNames)
	for _, i := range positions {
		names = append(names, contenderNames[i])
	}
	return names, err
}

// choose gives the positions, among names, of those that are listed.
func choose(field, list string, names []string) (positions []int, err error) {
	if list == "" {
		list = strings.Join(names, ",")
	}
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(names, strings.TrimSpace(name))
		if i < 0 {
			return nil, invalid(field, name, "use any of %s", strings.Join(names, ", "))
		}
		positions = append(positions, i)
	}
	return positions, nil
}
