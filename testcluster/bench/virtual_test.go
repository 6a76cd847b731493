package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/hashicorp/serf/serf"

	"github.com/grapevine-go/grapevine/testcluster"
)

var (
	virtualSizes = flag.String("virtual.n", "", "sizes of clusters for the tests that measure, separated by commas; none skips them")
	virtualRuns  = flag.Int("virtual.runs", 1, "how often each is measured")
	virtualSpan  = flag.Duration("virtual.span", trueHour, "how long TestFalseFigures lets clusters live")
)

// askedSizes skips a test that measures unless it is asked for.
func askedSizes(t *testing.T) []int {
	if *virtualSizes == "" {
		t.Skip("-virtual.n asks for it")
	}
	sizes, err := parseSizes(*virtualSizes)
	if err != nil {
		t.Fatal(err)
	}
	return sizes
}

// printRows writes rows for collect.
func printRows(t *testing.T, rows []Row) {
	for _, r := range rows {
		encoded, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%s%s\n", rowPrefix, encoded)
	}
}

// virtualSystem is a system whose clusters run on a simulated network, on virtual time.
type virtualSystem struct {
	name  string
	start func(t *testing.T, n int, seed uint64) virtualCluster
}

var virtualSystems = []virtualSystem{{sealed, startSealed}, {bare, startBare}, {serfs, startSerf}}

// virtualCluster ends with its test.
type virtualCluster struct {
	*lookout
	network *testcluster.Network
	hosts   []*testcluster.Host
	names   []string
	listed  []func() int // members, in each view
	lost    []*tally     // from each view
}

// virtualLink leaves something to chance, so that seeds differ.
var virtualLink = testcluster.Link{Latency: time.Millisecond, Jitter: time.Millisecond}

func startSealed(t *testing.T, n int, seed uint64) virtualCluster {
	c := testcluster.Start(t, n, testcluster.WithSeed(seed), testcluster.WithLink(virtualLink))
	v := virtualCluster{lookout: &lookout{}, network: c.Network}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	began := time.Now()
	for _, m := range c.Members {
		lost := &tally{explain: func(name string) {
			why, _ := m.View().Why(name)
			fmt.Printf("%v: %s drops %s: %s\n", time.Since(began), m.Name(), name, why.Evidence)
		}}
		v.hosts, v.names, v.lost = append(v.hosts, m.Host), append(v.names, m.Name()), append(v.lost, lost)
		v.listed = append(v.listed, func() int { return len(m.View().Snapshot().Members()) })
		go lost.follow(ctx, m.View(), v.of(m.Name()))
	}
	return v
}

// startOn starts members on hosts, each by way of start, which has memberlist's config and gives how to see what it lists.
func startOn(t *testing.T, n int, seed uint64, start func(config *memberlist.Config, seeds []string) (listed func() int, err error)) virtualCluster {
	t.Cleanup(func() { time.Sleep(settlePatience) }) // after all Shutdowns: the bubble's clock stops with the test
	v := virtualCluster{lookout: &lookout{}, network: testcluster.NewNetwork(seed, virtualLink)}
	var seeds []string
	for range n {
		host := v.network.Host()
		config := memberlist.DefaultLANConfig()
		config.Name, config.Transport, config.Logger = host.IP().String(), host, silence
		config.BindPort = int(host.Address().Port())
		told := &events{changed: v.of(config.Name)}
		config.Events = told
		listed, err := start(config, seeds)
		if err != nil {
			t.Fatal(err)
		}
		v.hosts, v.names, v.lost = append(v.hosts, host), append(v.names, config.Name), append(v.lost, &told.tally)
		v.listed = append(v.listed, listed)
		if len(seeds) < mostSeeds {
			seeds = append(seeds, host.Address().String())
		}
	}
	return v
}

func startBare(t *testing.T, n int, seed uint64) virtualCluster {
	return startOn(t, n, seed, func(config *memberlist.Config, seeds []string) (func() int, error) {
		list, err := memberlist.Create(config)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { list.Shutdown() })
		_, err = list.Join(seeds)
		return list.NumMembers, err
	})
}

func startSerf(t *testing.T, n int, seed uint64) virtualCluster {
	return startOn(t, n, seed, func(config *memberlist.Config, seeds []string) (func() int, error) {
		s, err := serf.Create(serfConfig(config, nil))
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { s.Shutdown() })
		if len(seeds) > 0 {
			_, err = s.Join(seeds, ignoreOld)
		}
		return s.Memberlist().NumMembers, err
	})
}
