package testcluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

// Cluster is a running cluster whose members share one process. It is for one goroutine, that of the test.
type Cluster struct {
	Network *Network
	Members []*Member // the running ones, in the order of their start

	t         testing.TB
	seed      uint64
	link      Link
	configure func(i int, config *cluster.Config)
	services  []service
	insecure  bool
	started   int
	leaks     leakCheck
}

type service struct {
	name    string
	handler func(*Member) http.Handler
}

// Option configures [Start].
type Option func(*Cluster)

// WithSeed sets what the network leaves to chance. The default is 1.
func WithSeed(seed uint64) Option { return func(c *Cluster) { c.seed = seed } }

// WithLink sets how every link behaves at first. The default takes 1 ms and loses nothing.
func WithLink(link Link) Option { return func(c *Cluster) { c.link = link } }

// WithConfig edits the config of each member, counted from 0, before it starts: its name, its zone, its logger. The
// default names are m1, m2 and so on.
func WithConfig(edit func(i int, config *cluster.Config)) Option {
	return func(c *Cluster) { c.configure = edit }
}

// WithInsecure runs members without encryption and authentication, unless their config holds a secret or TLS. It saves
// the processor time of the handshakes, about a third of what a test takes. The default is a secret that all share.
func WithInsecure() Option { return func(c *Cluster) { c.insecure = true } }

// WithService lets every member offer service over HTTP, also after a restart. The handler is made for each.
func WithService(name string, handler func(*Member) http.Handler) Option {
	return func(c *Cluster) { c.services = append(c.services, service{name, handler}) }
}

// Start runs n members that have joined each other, and ends them with the test. A member that cannot start fails the
// test, and so does a goroutine that does not end.
func Start(t testing.TB, n int, options ...Option) *Cluster {
	t.Helper()
	c := &Cluster{t: t, seed: 1, link: Link{Latency: time.Millisecond}, configure: func(int, *cluster.Config) {}}
	for _, option := range options {
		option(c)
	}
	c.Network = NewNetwork(c.seed, c.link)
	c.leaks = newLeakCheck()
	t.Cleanup(func() {
		c.Close()
		c.leaks.report(t)
	})
	for range min(n, seeds) {
		c.Add()
	}
	for left := n - len(c.Members); left > 0; left -= wave {
		c.addAll(min(left, wave))
	}
	return c
}

// Add starts one more member, on a host of its own.
func (c *Cluster) Add() *Member {
	c.t.Helper()
	return c.Run(c.Network.Host(), c.nextConfig())
}

func (c *Cluster) nextConfig() cluster.Config {
	config := cluster.Config{Name: fmt.Sprintf("m%d", c.started+1)}
	c.configure(c.started, &config)
	c.started++
	return config
}

// addAll starts n more members, all at once, and lists them in order.
func (c *Cluster) addAll(n int) {
	c.t.Helper()
	members, errs := make([]*Member, n), make([]error, n)
	var starts sync.WaitGroup
	for i := range n {
		host := c.Network.Host()
		config := c.Config(host, c.nextConfig())
		starts.Go(func() { members[i], errs[i] = c.start(host, config) })
	}
	starts.Wait()
	for i, m := range members {
		if errs[i] == nil {
			errs[i] = c.list(m)
		}
	}
	if err := errors.Join(errs...); err != nil {
		c.t.Fatalf("start: %v", err)
	}
}

// Run starts a member on host. What config leaves empty is set so that it joins this cluster.
func (c *Cluster) Run(host *Host, config cluster.Config) *Member {
	c.t.Helper()
	member, err := c.TryRun(host, config)
	if err != nil {
		c.t.Fatalf("start %s: %v", config.Name, err)
	}
	return member
}

// TryRun is Run for a member whose start may fail.
func (c *Cluster) TryRun(host *Host, config cluster.Config) (*Member, error) {
	m, err := c.start(host, c.Config(host, config))
	if err != nil {
		return nil, err
	}
	if err := c.list(m); err != nil {
		return nil, err
	}
	return m, nil
}

// start runs a member that is not listed yet. It may be called by many goroutines.
func (c *Cluster) start(host *Host, config cluster.Config) (*Member, error) {
	var node *cluster.Node
	var err error
	c.leaks.mark(func() { node, err = cluster.Start(context.Background(), config) })
	if err != nil {
		return nil, err
	}
	return &Member{Node: node, Host: host, cluster: c, config: config}, nil
}

// list makes a member one of the cluster's, with the services that all of them offer.
func (c *Cluster) list(m *Member) error {
	c.Members = append(c.Members, m)
	for _, service := range c.services {
		if _, err := m.Serve(membership.Service{Name: service.name}, service.handler(m)); err != nil {
			return err
		}
	}
	return nil
}

// wave is how many members start at a time. Those of one wave learn of each other by gossip, which in a large cluster takes
// seconds; one at a time would cost more in all, as nothing that they learn would arrive together.
const wave = 16

// seeds is how many members a new one is told of.
const seeds = 3

// secret is that of all clusters of this package whose members are given none.
const secret = "b2e1c3a8f04d4f6e9a7c5b3d1e8f6a2095d4c3b2a1f0e9d8c7b6a5f4e3d2c1b0"

// Config completes a config for a member on host. Members are sealed with a secret, unless config is Insecure or the
// cluster was started [WithInsecure].
func (c *Cluster) Config(host *Host, config cluster.Config) cluster.Config {
	if config.Transport == nil {
		config.Transport = host
	}
	if config.Cluster == "" {
		config.Cluster = "test"
	}
	if config.Secret == "" && config.SecretFile == "" && config.TLS == nil && !config.Insecure {
		if c.insecure {
			config.Insecure = true
		} else {
			config.Secret = secret
		}
	}
	if config.Join == nil {
		for _, member := range c.Members[:min(seeds, len(c.Members))] {
			config.Join = append(config.Join, member.Address())
		}
	}
	return config
}

// Kill ends a member as kill -9 would: without a goodbye, its connections reset.
func (c *Cluster) Kill(m *Member) {
	m.Host.Crash()
	c.remove(m)
}

// Vanish ends a member with its host: nothing is answered from there any more.
func (c *Cluster) Vanish(m *Member) {
	m.Host.Vanish()
	c.remove(m)
}

// Leave ends a member as a shutdown should: it drains, says goodbye, and is gone.
func (c *Cluster) Leave(m *Member) error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeLimit)
	defer cancel()
	err := cmp.Or(m.Drain(ctx), m.Node.Leave(ctx))
	c.remove(m)
	return err
}

const goodbyeLimit = 10 * time.Second

// Pause and Resume are SIGSTOP and SIGCONT, as far as they can be had: see [Host.Pause].
func (c *Cluster) Pause(m *Member)  { m.Host.Pause() }
func (c *Cluster) Resume(m *Member) { m.Host.Resume() }

// Restart kills the member, if it still runs, and starts it anew, with the same name on another host.
func (c *Cluster) Restart(m *Member) *Member { return c.restart(m, c.Network.Host(), m.config.Name) }

// RestartInPlace is Restart on the same address.
func (c *Cluster) RestartInPlace(m *Member) *Member {
	return c.restart(m, c.Network.HostAt(m.Host.IP()), m.config.Name)
}

// Replace kills the member, if it still runs, and starts one with another name on its address.
func (c *Cluster) Replace(m *Member, name string) *Member {
	return c.restart(m, c.Network.HostAt(m.Host.IP()), name)
}

func (c *Cluster) restart(m *Member, host *Host, name string) *Member {
	c.t.Helper()
	c.Kill(m)
	config := m.config
	config.Name, config.Join, config.Transport = name, nil, nil
	return c.Run(host, config)
}

// Cut cuts groups of members from each other. Members in none of the groups reach all.
func (c *Cluster) Cut(groups ...[]*Member) {
	for i, group := range groups {
		for _, other := range groups[:i] {
			c.Network.Cut(hosts(group), hosts(other))
		}
	}
}

// Heal makes every link normal again.
func (c *Cluster) Heal() { c.Network.Heal() }

func hosts(members []*Member) (hosts []*Host) {
	for _, m := range members {
		hosts = append(hosts, m.Host)
	}
	return hosts
}

func (c *Cluster) remove(m *Member) {
	m.stop()
	c.Members = slices.DeleteFunc(c.Members, func(other *Member) bool { return other == m })
}

// Close ends all members. It is safe to call twice.
func (c *Cluster) Close() {
	for len(c.Members) > 0 {
		c.remove(c.Members[0])
	}
}
