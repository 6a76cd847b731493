package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// endings are the ways to end a node, and what else may be called meanwhile.
func endings(ctx context.Context, m *testcluster.Member, r membership.Registration) map[string]func() error {
	return map[string]func() error{
		"Close": m.Node.Close,
		"Drain": func() error { return m.Node.Drain(ctx) },
		"Leave": func() error { return m.Node.Leave(ctx) },
		"Ready": func() error { return m.Node.Ready(ctx) },
		"Register": func() error {
			_, err := m.Register(membership.Service{Name: fmt.Sprint("s", rand.Uint32()), Address: "a:1"})
			return err
		},
		"Update":     func() error { return r.Update(users(m)) },
		"Deregister": r.Deregister,
	}
}

func TestFault34_AfterTheEnd(t *testing.T) {
	for name, end := range map[string]func(*testcluster.Member) error{
		"Close": func(m *testcluster.Member) error { return m.Node.Close() },
		"Leave": func(m *testcluster.Member) error { return m.Node.Leave(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
				m := c.Members[0]
				registration := mustRegister(t, m, users(m))
				if err := end(m); err != nil {
					t.Fatal(err)
				}
				for call, f := range endings(t.Context(), m, registration) {
					if call == "Close" {
						continue
					}
					for range 10 { // the same every time
						if err := f(); !errors.Is(err, cluster.ErrClosed) || !errors.Is(err, net.ErrClosed) {
							t.Errorf("%s = %v", call, err)
						}
					}
				}
				for range 2 {
					if err := m.Node.Close(); err != nil {
						t.Errorf("Close = %v", err)
					}
				}
				if m.View().Snapshot() == nil || m.Name() != "m1" || m.Address() != m.Host.Address().String() {
					t.Error("what can be read is lost")
				}
				m.View().Report(membership.Instance{Member: "m2"}, membership.Refused)
			})
		})
	}
}

// TestFault34_AnyOrder ends nodes by every way in every order, one after the other and all at once.
func TestFault34_AnyOrder(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			virtual(t, 3, func(t *testing.T, c *testcluster.Cluster) {
				random := rand.New(rand.NewPCG(seed, 0))
				for i, m := range c.Members[:2] {
					r := mustRegister(t, m, users(m))
					endAtRandom(t, random, endings(within(t, time.Second), m, r), i == 1)
				}
			})
		})
	}
}

func endAtRandom(t *testing.T, random *rand.Rand, endings map[string]func() error, atOnce bool) {
	names := slices.Sorted(maps.Keys(endings))
	names = append(names, names...) // each twice
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	var work sync.WaitGroup
	for _, name := range names {
		call := func() {
			if err := endings[name](); !expected(err) {
				t.Errorf("%s = %v", name, err)
			}
		}
		if atOnce {
			work.Go(call)
		} else {
			call()
		}
	}
	work.Wait()
}

// expected says whether err is one that a node may give to calls in any order.
func expected(err error) bool {
	var field *membership.FieldError // Update after Deregister
	return err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, cluster.ErrDraining) || errors.As(err, &field)
}
