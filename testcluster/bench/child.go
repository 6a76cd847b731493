package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// childVariable makes this program a child of another: it holds a childSpec.
const childVariable = "GRAPEVINE_BENCH_CHILD"

// childSpec is what a child is.
type childSpec struct {
	Role   string // one of roles
	Name   string
	System string
	Secret []byte `json:",omitempty"`
	Server string `json:",omitempty"` // etcd's
	Seeds  []string

	// Of a caller.
	Servers  int // that it waits for
	Rate     int // requests a second
	Attempts int // of a request, at the most

	// Of a process whose members start together, and of a DNS server, which has an instance on each of them.
	Members, Width, Spin int
}

// hello is the first line that a child writes: it does now what it is there for.
type hello struct{ Address string } // of its gossip

// roles are what a child may do until ctx is done, which is when it gets SIGTERM.
var roles = map[string]func(ctx context.Context, s childSpec) error{
	"member": beMember,
	"server": beServer,
	"caller": beCaller,
	"live":   beLiveServer,
	"start":  beStarted,
	"dns":    beDNSServer,
	"spin":   beSpinner,
}

// runChild ends the process if it is a child.
func runChild() {
	encoded := os.Getenv(childVariable)
	if encoded == "" {
		return
	}
	if err := beChild(encoded); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func beChild(encoded string) error {
	var s childSpec
	if err := json.Unmarshal([]byte(encoded), &s); err != nil {
		return err
	}
	signal.Ignore(os.Interrupt) // of a terminal: the parent ends its children
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(1) // the parent is gone
	}()
	quieten()
	return roles[s.Role](ctx, s)
}

// start makes the member that a child is.
func (s childSpec) start() (member, error) {
	kinds := map[string]kind{
		sealed: grapevine{secret: s.Secret}, unsealed: grapevine{}, bare: plain{}, serfs: serfKind{}, etcds: etcdClients{s.Server},
	}
	return kinds[s.System].start(s.Name, s.Seeds, func(func(news) bool) {})
}

// tell writes a line to the parent.
func tell(line any) error { return json.NewEncoder(os.Stdout).Encode(line) }

// beMember does nothing but belong to a cluster, to be killed.
func beMember(ctx context.Context, s childSpec) error {
	m, err := s.start()
	if err != nil {
		return err
	}
	if err := tell(hello{m.address()}); err != nil {
		return err
	}
	<-ctx.Done()
	return m.close()
}

// spec is that of a child which joins the group.
func (g *group) spec(name string) childSpec {
	s := childSpec{Role: "member", Name: name, System: g.system, Seeds: g.seeds()}
	switch k := g.kind.(type) {
	case grapevine:
		s.Secret = k.secret
	case etcdClients:
		s.Server = k.server
	}
	return s
}
