package membership

import "slices"

// lives are the boots of one name that are seen alive, each with the address of its gossip: one, or two while a restart
// is not heard of everywhere, and at most mostLives. A map would cost more than all else that is known of a member.
type lives []livingBoot

const mostLives = 8

type livingBoot struct {
	boot     uint64
	address  string
	evidence string // how it was first seen, for [View.Why]
}

func (l lives) at(boot uint64) int {
	return slices.IndexFunc(l, func(one livingBoot) bool { return one.boot == boot })
}

func (l lives) address(boot uint64) (address string, alive bool) {
	if at := l.at(boot); at >= 0 {
		return l[at].address, true
	}
	return "", false
}

func (l *lives) add(boot uint64, address, evidence string) {
	if at := l.at(boot); at >= 0 {
		(*l)[at].address = address
		return
	}
	if len(*l) == mostLives {
		*l = slices.Delete(*l, 0, 1)
	}
	*l = append(*l, livingBoot{boot, address, evidence})
}

func (l *lives) remove(boot uint64) {
	*l = slices.DeleteFunc(*l, func(one livingBoot) bool { return one.boot == boot })
}
