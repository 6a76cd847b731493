package testcluster_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// joining is the config of a member whose only seed is another one.
func joining(name string, seed *testcluster.Member) cluster.Config {
	return cluster.Config{Name: name, Join: []string{seed.Address()}}
}

// counted adds n members, whose dials are counted.
func counted(c *testcluster.Cluster, n int) (books map[string]dialBook) {
	books = make(map[string]dialBook)
	for i := range n {
		book := newDialBook(c.Network.Host())
		name := fmt.Sprintf("counted%d", i+1)
		books[name] = book
		c.Run(book.Transport.(*testcluster.Host), cluster.Config{Name: name, Transport: book})
	}
	return books
}

// probedStill is how long memberlist may go on probing one that has left, where its own goodbye did not get through.
const probedStill = 20 * time.Second

// TestFault34_LeftIsNotChased: nobody dials the address of a member that has said goodbye, whether its host refuses or is
// silent, and although one member could not hear it.
func TestFault34_LeftIsNotChased(t *testing.T) {
	for name, tt := range map[string]struct {
		silent, unheard bool
		settles         time.Duration
	}{
		"its host refuses":    {settles: time.Second},
		"its host is silent":  {silent: true, settles: time.Second},
		"one did not hear it": {unheard: true, settles: probedStill},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				books := counted(c, 3)
				leaver := c.Add()
				c.AwaitConverged(time.Minute)
				if tt.unheard {
					c.Network.Cut(hosts(leaver), hosts(c.Members[4]))
				}
				if err := c.Leave(leaver); (err == nil) == tt.unheard {
					t.Errorf("Leave = %v", err)
				}
				c.Heal()
				if tt.silent {
					leaver.Host.Vanish()
				}
				c.AwaitConverged(time.Minute)
				time.Sleep(tt.settles)
				for _, book := range books {
					book.clear()
				}
				time.Sleep(testcluster.Everyday(5*time.Minute, 20*time.Minute))
				for name, book := range books {
					if count := book.count(leaver.Address()); count > 0 {
						t.Errorf("%s dialled the one that left %d times", name, count)
					}
				}
			})
		})
	}
}

// TestFault3_LostIsLookedFor: who went without a goodbye is dialled by everybody, now and then.
func TestFault3_LostIsLookedFor(t *testing.T) {
	watched := testcluster.Everyday(10, 20) // minutes
	for name, tt := range map[string]struct {
		end         func(*testcluster.Cluster, *testcluster.Member)
		least, most int // dials a minute
	}{
		"killed":   {(*testcluster.Cluster).Kill, 2, 6},    // about every 20 s
		"vanished": {(*testcluster.Cluster).Vanish, 3, 12}, // about every 10 s
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 2, func(t *testing.T, c *testcluster.Cluster) {
				books := counted(c, 3)
				lost := c.Add()
				c.AwaitConverged(time.Minute)
				tt.end(c, lost)
				c.AwaitConverged(time.Minute)
				time.Sleep(time.Minute)
				for _, book := range books {
					book.clear()
				}
				time.Sleep(time.Duration(watched) * time.Minute)
				for name, book := range books {
					if count := book.count(lost.Address()); count < tt.least*watched || count > tt.most*watched {
						t.Errorf("%s dialled the one that was lost %d times in %d minutes, want %d to %d a minute",
							name, count, watched, tt.least, tt.most)
					}
				}
			})
		})
	}
}
