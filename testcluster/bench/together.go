package main

import (
	"flag"
	"strconv"
)

const (
	mostWidth  = mostMembers
	mostLoops  = 100
	wholeShare = 100 // percent
)

// together is how the members of one process start, and what they share the host with.
type together struct {
	width int // members that start at a time
	busy  int // processes that spin
	spin  int // goroutines of the members' own process that spin
	share int // percent of the time that the process may run
}

func (t *together) flags(flags *flag.FlagSet) {
	flags.IntVar(&t.width, "width", 8, "start: members that start at a time")
	flags.IntVar(&t.busy, "busy", 0, "start: busy loops beside the members, each a process")
	flags.IntVar(&t.spin, "spin", 0, "start: busy loops in the process of the members")
	flags.IntVar(&t.share, "share", wholeShare, "start: percent of the time that the process of the members may run")
}

func (t *together) check() error {
	for _, one := range []struct {
		flag               string
		value, least, most int
	}{{"-width", t.width, 1, mostWidth}, {"-busy", t.busy, 0, mostLoops}, {"-spin", t.spin, 0, mostLoops}, {"-share", t.share, 1, wholeShare}} {
		if one.value < one.least || one.value > one.most {
			return invalid(one.flag, strconv.Itoa(one.value), "use %d to %d", one.least, one.most)
		}
	}
	return nil
}
