package cluster

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	journalEach = time.Second // between two looks at the view; what changed meanwhile goes into the same lines
	mostNamed   = 8           // members of a line; the others are counted
)

// journal logs which members came, went, fell silent and answered again: a line for each kind of
// change and second at most, however many members there are. It compares snapshots and holds up no
// watcher.
type journal struct {
	log  zerolog.Logger
	view *membership.View
	seen *membership.Snapshot
}

// line is what the journal states of one member, or of several.
type line struct {
	one, many string
	evidence  bool // whether the line states it
}

// The lines of one look, in this order.
var (
	joined    = &line{"cluster: member joined", "cluster: members joined", false}
	restarted = &line{"cluster: member restarted: calls go to its new process",
		"cluster: members restarted: calls go to their new processes", false}
	left = &line{"cluster: member left: no calls go to it", "cluster: members left: no calls go to them", false}
	died = &line{"cluster: member died: no calls go to it, and its address is tried in case it returns",
		"cluster: members died: no calls go to them, and their addresses are tried in case they return", true}
	suspected = &line{"cluster: member suspected: it is called only where nothing else is left",
		"cluster: members suspected: they are called only where nothing else is left", true}
	recovered = &line{"cluster: member recovered: calls go to it again",
		"cluster: members recovered: calls go to them again", false}

	journalLines = []*line{joined, restarted, left, died, suspected, recovered}
)

func newJournal(n *Node) *journal {
	return &journal{log: n.log, view: n.View(), seen: n.View().Snapshot()}
}

// wanted reports whether the logger takes such lines at all.
func (j *journal) wanted() bool { return j.log.Info().Enabled() }

func (j *journal) run(done <-chan struct{}) {
	tick := time.NewTicker(journalEach)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			j.look()
		case <-done:
			return
		}
	}
}

// look logs what has changed since the last look.
func (j *journal) look() {
	now := j.view.Snapshot()
	if now == j.seen {
		return
	}
	found := j.compare(j.seen, now)
	j.seen = now
	for _, l := range journalLines {
		if members := found[l]; len(members) > 0 {
			j.write(l, members)
		}
	}
}

// compare sorts the members that differ by the line that states it.
func (j *journal) compare(before, now *membership.Snapshot) map[*line][]membership.Member {
	found := make(map[*line][]membership.Member)
	for _, m := range now.Members() {
		old, known := before.Member(m.Name)
		switch {
		case m.Name == j.view.Self():
		case !known:
			found[joined] = append(found[joined], m)
		case old.Boot.ID != m.Boot.ID:
			found[restarted] = append(found[restarted], m)
		case m.Suspected && !old.Suspected:
			found[suspected] = append(found[suspected], m)
		case old.Suspected && !m.Suspected:
			found[recovered] = append(found[recovered], m)
		}
	}
	for _, m := range before.Members() {
		if _, listed := now.Member(m.Name); listed || m.Name == j.view.Self() {
			continue
		}
		if why, _ := j.view.Why(m.Name); why.Standing == membership.StandingLeft {
			found[left] = append(found[left], m)
		} else {
			found[died] = append(found[died], m)
		}
	}
	return found
}

// write names one member with its address, and the first few of several. The evidence is that of
// the first.
func (j *journal) write(l *line, members []membership.Member) {
	event, message := j.log.Info(), l.one
	if len(members) == 1 {
		event.Str("member", members[0].Name).Str("address", members[0].Address)
	} else {
		var names []string
		for _, m := range members[:min(len(members), mostNamed)] {
			names = append(names, m.Name)
		}
		event.Int("count", len(members)).Strs("members", names)
		message = l.many
	}
	if why, known := j.view.Why(members[0].Name); known && l.evidence {
		event.Str("evidence", why.Evidence)
	}
	event.Msg(message)
}
