package testcluster_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// journal is a log that any number of goroutines write.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func panics(context.Context) ([]string, error) { panic("no such thing") }

// TestFault36_SeedProviderPanics: a member that has other seeds joins by them.
func TestFault36_SeedProviderPanics(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		c.Run(c.Network.Host(), cluster.Config{Name: "new", Seeds: []cluster.SeedProvider{cluster.SeedFunc(panics)}})
		c.AwaitConverged(time.Second)
		time.Sleep(5 * time.Minute) // it is asked again and again
		c.AwaitConverged(0)
	})
}

// TestFault36_OnlySeedProviderPanics: one that has none says why, to whoever waits and in the log, and joins once the
// provider is well.
func TestFault36_OnlySeedProviderPanics(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		var log journal
		var well atomic.Bool
		seed := c.Members[0].Address()
		provider := cluster.SeedFunc(func(ctx context.Context) ([]string, error) {
			if well.Load() {
				return []string{seed}, nil
			}
			return panics(ctx)
		})
		m := c.Run(c.Network.Host(), cluster.Config{Name: "new", Join: []string{}, Seeds: []cluster.SeedProvider{provider},
			Logger: zerolog.New(&log)})
		const why = "seed provider panicked: no such thing"
		if err := m.Ready(within(t, time.Minute)); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), why) {
			t.Errorf("Ready = %v, want the end of the context and %q", err, why)
		}
		if !strings.Contains(log.String(), why) {
			t.Errorf("the log does not say %q: %s", why, &log)
		}
		well.Store(true)
		c.AwaitConverged(20 * time.Second)
	})
}

// TestFault36_SeedProviderCallsBack has a provider ask the node whose provider it is.
func TestFault36_SeedProviderCallsBack(t *testing.T) {
	virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		var node atomic.Pointer[testcluster.Member]
		var calls atomic.Int64
		provider := cluster.SeedFunc(func(ctx context.Context) ([]string, error) {
			m := node.Load()
			if m == nil {
				return nil, errors.New("not yet")
			}
			m.View().Snapshot().Addresses("users")
			m.Stats()
			waits, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			m.Ready(waits) // which depends on what this func gives
			registration, err := m.Register(membership.Service{Name: "called", Address: m.Host.IP().String() + ":80"})
			if err != nil {
				return nil, err
			}
			calls.Add(1)
			return []string{c.Members[0].Address()}, registration.Deregister()
		})
		m := c.Run(c.Network.Host(), cluster.Config{Name: "new", Join: []string{}, Seeds: []cluster.SeedProvider{provider}})
		node.Store(m)
		if err := m.Ready(within(t, time.Minute)); err != nil {
			t.Errorf("Ready = %v", err)
		}
		c.AwaitConverged(time.Second)
		time.Sleep(5 * time.Minute)
		if calls.Load() < 5 {
			t.Errorf("the provider was asked %d times", calls.Load())
		}
		c.AwaitConverged(2 * time.Second)
	})
}
