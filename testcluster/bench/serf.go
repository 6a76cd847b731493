package main

import (
	"errors"
	"net"
	"strconv"
	"sync"

	"github.com/hashicorp/memberlist"
	"github.com/hashicorp/serf/serf"
)

// serfKind is serf as it comes, on loopback, without a key.
type serfKind struct{}

const (
	serfTag   = "service"
	serfQueue = 256 // events that wait for follow

	ignoreOld = true // user events from before the join: there are none
)

type serfMember struct {
	*counter
	tally
	serf *serf.Serf
	work sync.WaitGroup
	end  chan struct{}
}

// serfConfig is serf's own, over what memberlist has it run on.
func serfConfig(under *memberlist.Config, events chan<- serf.Event) *serf.Config {
	config := serf.DefaultConfig()
	config.NodeName, config.MemberlistConfig = under.Name, under
	config.LogOutput, config.Logger = nil, silence
	config.EventCh = events
	return config
}

func (serfKind) start(name string, seeds []string, changed watcher) (member, error) {
	m := &serfMember{end: make(chan struct{})}
	under, err := plain{}.config(name, countInto(&m.counter))
	if err != nil {
		return nil, err
	}
	events := make(chan serf.Event, serfQueue)
	if m.serf, err = serf.Create(serfConfig(under, events)); err != nil {
		return nil, errors.Join(err, under.Transport.Shutdown())
	}
	m.work.Go(func() { m.follow(events, changed) })
	if len(seeds) == 0 {
		return m, nil
	}
	if _, err := m.serf.Join(seeds, ignoreOld); err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

// follow passes on what is new of others until the end.
func (m *serfMember) follow(events <-chan serf.Event, changed watcher) {
	for {
		select {
		case event := <-events:
			if event, ok := event.(serf.MemberEvent); ok {
				m.handle(event, changed)
			}
		case <-m.end:
			return
		}
	}
}

func (m *serfMember) handle(event serf.MemberEvent, changed watcher) {
	switch event.Type {
	case serf.EventMemberJoin, serf.EventMemberUpdate:
		for _, of := range event.Members {
			changed(func(awaited news) bool { return awaited.toldBy(of.Name, serfAddress(of), of.Tags[serfTag]) })
		}
	case serf.EventMemberFailed, serf.EventMemberLeave:
		for _, of := range event.Members {
			changed(func(awaited news) bool { return awaited.lost(of.Name) })
			m.lost(of.Name)
		}
	}
}

func serfAddress(m serf.Member) string {
	return net.JoinHostPort(m.Addr.String(), strconv.Itoa(int(m.Port)))
}

// registration puts the service's name into a tag.
func (m *serfMember) registration(service string) (func() error, error) {
	return func() error { return m.serf.SetTags(map[string]string{serfTag: service}) }, nil
}

func (m *serfMember) address() string { return serfAddress(m.serf.LocalMember()) }
func (m *serfMember) listed() int     { return m.serf.Memberlist().NumMembers() }
func (m *serfMember) helpers() int    { return 2 } // follow, and the counter's pass
func (m *serfMember) leave() error    { return m.serf.Leave() }

// close ends serf before follow: serf waits for whoever takes its events.
func (m *serfMember) close() error {
	err := m.serf.Shutdown()
	close(m.end)
	m.work.Wait()
	return err
}
