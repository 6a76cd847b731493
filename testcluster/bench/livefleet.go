package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// liveFleet is servers, each a process and a member, and those who call them: members too, which all are in this process.
type liveFleet struct {
	servers []*process
	clients []*grapevineMember
}

func startLiveFleet() (f *liveFleet, err error) {
	f = new(liveFleet)
	secret := make([]byte, 32)
	rand.Read(secret)
	for i := range liveServers {
		server, err := spawn(childSpec{Role: "live", Name: fmt.Sprintf("server-%d", i), System: sealed, Secret: secret, Seeds: f.seeds()})
		if err != nil {
			return f, err
		}
		f.servers = append(f.servers, server)
	}
	for i := range liveClients {
		m, err := grapevine{secret: secret}.start(fmt.Sprintf("client-%d", i), f.seeds(), func(func(news) bool) {})
		if err != nil {
			return f, err
		}
		f.clients = append(f.clients, m.(*grapevineMember))
	}
	return f, f.complete()
}

func (f *liveFleet) seeds() (addresses []string) {
	for _, s := range f.servers[:min(len(f.servers), mostSeeds)] {
		addresses = append(addresses, s.address)
	}
	return addresses
}

var errIncomplete = errors.New("clients do not list all servers")

// complete waits until each client lists all servers.
func (f *liveFleet) complete() error {
	for _, c := range f.clients {
		for until := time.Now().Add(patience); !lists(c.node); time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				return errIncomplete
			}
		}
	}
	return nil
}

func lists(node *cluster.Node) bool {
	now := node.View().Snapshot()
	return len(now.Addresses(workService)) == liveServers && len(now.Addresses(rpcService)) == liveServers
}

func (f *liveFleet) close() {
	for _, c := range f.clients {
		c.close()
	}
	for _, s := range f.servers {
		s.kill()
	}
}
