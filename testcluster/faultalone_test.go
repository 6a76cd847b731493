package testcluster_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-kit/kit/sd"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// sizable reports whether clusters of n members run: larger ones take seconds, and only the long form has them.
func sizable(n int) bool { return n <= 10 || *testcluster.Long }

func isolated(s view) bool { return errors.Is(s.Err(), membership.ErrIsolated) }

// TestFault3_CutOffFromAll cuts one member off from everybody: it says so within ten seconds, lists all of them for as long as it
// takes, and calls them.
func TestFault3_CutOffFromAll(t *testing.T) {
	for _, n := range []int{2, 3, 10, 20} {
		if !sizable(n) {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			offering(t, n, func(t *testing.T, c *testcluster.Cluster) {
				alone := c.Members[n/2]
				events := make(chan sd.Event)
				instancer := endpoint.NewInstancer(alone.View(), "users")
				defer instancer.Stop()
				instancer.Register(events)
				if e := <-events; e.Err != nil || len(e.Instances) != n {
					t.Fatalf("at first: %v", e)
				}
				stop := throughout(t, []*testcluster.Member{alone}, "lists all", lists(c.Members...))
				c.Cut([]*testcluster.Member{alone}, except(c, alone))
				began := time.Now()
				for e := range events {
					if errors.Is(e.Err, membership.ErrIsolated) {
						break
					}
				}
				took := time.Since(began)
				t.Logf("noticed after %v", took)
				if took > 10*time.Second {
					t.Error("that is more than 10 s")
				}
				time.Sleep(5 * time.Minute)
				if s := alone.View().Snapshot(); !isolated(s) || len(s.Available("users")) != n {
					t.Errorf("after five minutes: %v, and %d instances", s.Err(), len(s.Available("users")))
				}
				instancer.Deregister(events)
				c.Heal()
				c.AwaitConverged(afterHeal)
				stop()
			})
		})
	}
}

// TestFault1_NobodyIsCutOff has a fifth of all datagrams vanish: nobody takes itself for cut off, or drops anybody.
func TestFault1_NobodyIsCutOff(t *testing.T) {
	for _, n := range []int{2, 10, 20} {
		if !sizable(n) {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			virtual(t, n, func(t *testing.T, c *testcluster.Cluster) {
				c.Network.SetNormal(testcluster.Link{Latency: time.Millisecond, Loss: 0.2})
				defer throughout(t, c.Members, "lists all, and is not cut off", func(s view) bool {
					return !isolated(s) && lists(c.Members...)(s)
				})()
				time.Sleep(testcluster.Everyday(2*time.Minute, 5*time.Minute))
			})
		})
	}
}
