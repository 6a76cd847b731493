// Package testcluster runs whole clusters inside one process, over a simulated network, so that a test can hold a
// service against partitions, lost packets and crashes, the way net/http/httptest holds it against requests.
//
// [Start] gives a cluster whose members are real: the code under them is that of package cluster, on a network that the
// test commands through [Cluster] and [Network]. Members offer HTTP services with [WithService] or [Member.Serve] and
// call each other with [Member.Client]; what they send passes through the same faults.
//
// Members are sealed with a secret, as they should be elsewhere, unless their config is Insecure or says otherwise: what the
// network does is done to handshakes, streams of TLS and sealed datagrams.
//
// # In a bubble
//
// Inside testing/synctest, time is virtual: ten members live through ten minutes in about a second.
//
//	func TestShopSurvivesPartition(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			c := testcluster.Start(t, 5, testcluster.WithService("shop", newShop))
//			c.Cut(c.Members[:2], c.Members[2:])
//			time.Sleep(time.Minute) // virtual
//			c.Heal()
//			c.AwaitConverged(time.Minute)
//		})
//	}
//
// The cluster is closed when the bubble ends, and a goroutine that does not end then fails the test by its stack. What
// keeps the clock of a bubble from moving, so that the test hangs: a real socket, and a mutex that is held while its
// holder waits for the clock.
//
// # On real time
//
// Without a bubble everything works in the same way and takes as long as it takes. AwaitConverged and AwaitViews wait for
// what should be rather than for a time.
//
// # Large clusters
//
// A thousand sealed members in one bubble boot, and survive the crash of a hundred, in 13 min on two cores that had other
// things to do first, with 4.6 GB of live heap and 13 GB from the system (TestLarge -large.n=1000); 300 take 50 s and 0.4
// GB. Most of it goes into a handshake for each pair. On the way every view is complete 3.9 s after the start, and right
// again 0.1 s after the crash. Three things keep the cost near the square of the number: whoever pushes its record is
// known to live at once, so that nothing is pushed twice; members start in waves, so that what they learn arrives
// together and makes one snapshot rather than many; and no step looks at all peers to find the few that lag.
//
// # Releases side by side
//
// [WithConfig] can let some members act as an older release, by setting their cluster.Config.WireVersion, so that a test
// shows what a rolling upgrade does to a service: those members write and read records as that release did.
//
//	testcluster.WithConfig(func(i int, config *cluster.Config) { config.WireVersion = byte(1 + i%2) })
//
// # Repeating a run
//
// A seed ([WithSeed]) fixes what the network does to the nth packet of each path, whatever else is sent. It does not
// fix the run: the scheduler orders goroutines that are ready at the same instant, maps are walked in any order, and boots
// have random IDs. With GOMAXPROCS=1 and GODEBUG=randseednop=0 two runs of one schedule begin alike and part after some
// virtual seconds; in trial none of ten went the same way to the end. A failure that hangs on such an order may take
// several attempts to show again.
//
// docs/testing.md shows all ways to test a service.
package testcluster
