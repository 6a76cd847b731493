package transport

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func hostAt(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

func newBudget(processors int) *budget {
	b := new(budget)
	b.init(processors)
	return b
}

// work has a turn that costs as much as is said, of a handshake that ends well or not.
func (e *effort) work(cost time.Duration, well bool) bool {
	if !e.resume(nil) {
		return false
	}
	e.computes = false // what is measured is not virtual
	e.budget.leave(e, cost)
	e.end(well)
	return true
}

// TestFault55_WorkIsBounded has strangers of many addresses, and of addresses that are members' as well, begin handshakes as fast as they
// may for a minute. None ends well.
func TestFault55_WorkIsBounded(t *testing.T) {
	for name, share := range map[string]int{"strangers": strangers, "at members' addresses": members} {
		for _, cost := range []time.Duration{300 * time.Microsecond, 5 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, %v each", name, cost), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b, began := newBudget(2), time.Now()
					spent := time.Duration(0)
					for i := 0; time.Since(began) < time.Minute && spent < time.Minute; i++ {
						if !b.effort(share, hostAt(i%250), began.Add(time.Minute)).work(cost, false) {
							break
						}
						spent += cost + failedConnection
					}
					if most := failedAtOnce + time.Duration(failedWork*float64(time.Minute)) + 2*cost; spent > most || spent < most*8/10 {
						t.Errorf("%v of processor time in a minute, want %v at most", spent, most)
					}
				})
			})
		}
	}
}

// TestFault55_MembersDoNotPay has a thousand members join at once, whose handshakes are expensive.
func TestFault55_MembersDoNotPay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, began := newBudget(2), time.Now()
		for i := range 1000 {
			if !b.effort(strangers, hostAt(i%10), began.Add(time.Second)).work(5*time.Millisecond, true) {
				t.Fatalf("member %d has no turn", i)
			}
		}
		if waited := time.Since(began); waited > 0 || b.debts.Len() > 0 || b.shares[strangers].spent > 0 {
			t.Errorf("they waited for %v, and owe %v: %d hosts", waited, b.shares[strangers].spent, b.debts.Len())
		}
	})
}

// TestFault55_NewcomerBesideAFlood has many addresses wait for more turns than there are. A newcomer's handshake has its turns at once,
// also the second.
func TestFault55_NewcomerBesideAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, until := newBudget(2), time.Now().Add(time.Hour)
		for i := range 500 { // the flood uses up what there is
			b.effort(strangers, hostAt(i%40), until).work(5*time.Millisecond, false)
			if b.refuses(strangers, hostAt(i%40)) {
				break
			}
		}
		canceled := make(chan struct{})
		for i := range mostPending {
			go b.effort(strangers, hostAt(i%40), until).resume(canceled)
		}
		synctest.Wait()
		if b.refuses(strangers, hostAt(1000)) {
			t.Error("the newcomer is refused")
		}
		began := time.Now()
		newcomer := b.effort(strangers, hostAt(1000), until)
		for range 2 {
			if !newcomer.resume(nil) {
				t.Fatal("the newcomer has no turn")
			}
			newcomer.computes = false
			b.leave(newcomer, time.Millisecond)
		}
		newcomer.end(true)
		if waited := time.Since(began); waited > longestTurn+300*time.Millisecond {
			t.Errorf("the newcomer waited for %v", waited)
		}
		close(canceled)
		synctest.Wait()
		if left := len(b.shares[strangers].waiting); left > 0 {
			t.Errorf("%d wait for a turn that they have given up", left)
		}
	})
}

// TestFault55_MembersHaveAShare has strangers use up all that is theirs.
func TestFault55_MembersHaveAShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, began := newBudget(2), time.Now()
		until := began.Add(time.Hour)
		for i := range 1000 {
			go b.effort(strangers, hostAt(i), until).work(5*time.Millisecond, false)
		}
		synctest.Wait()
		for range 100 {
			b.effort(members, hostAt(1), until).work(5*time.Millisecond, true)
			b.effort(dialled, hostAt(1), until).work(5*time.Millisecond, false)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("members waited for %v", waited)
		}
		time.Sleep(time.Hour) // then the strangers have given up
	})
}

// TestTurns has more handshakes compute than there are processors. A turn that does not end makes room after a while, and a handshake that is
// over waits no more.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, began := newBudget(3), time.Now()
		var held []*effort
		for i := range 3 {
			e := b.effort(members, hostAt(i), began.Add(time.Hour))
			if e.resume(nil); time.Since(began) > 0 {
				t.Fatalf("turn %d comes late", i)
			}
			held = append(held, e)
		}
		if b.effort(members, hostAt(9), began.Add(longestTurn/2)).resume(nil) || time.Since(began) != longestTurn/2 {
			t.Errorf("more compute than there are processors, or the wait does not end: %v", time.Since(began))
		}
		if !b.effort(members, hostAt(9), began.Add(time.Hour)).resume(nil) || time.Since(began) != longestTurn {
			t.Errorf("a turn that does not end holds up others for %v", time.Since(began))
		}
		for _, e := range held {
			e.pause()
		}
		before := time.Now()
		for i := range 2 {
			if !b.effort(members, hostAt(20+i), began.Add(time.Hour)).resume(nil) || time.Now() != before {
				t.Error("a turn that has ended makes no room")
			}
		}
	})
}

func TestDebtsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(1)
		const hosts = 5 * mostDebts / 2
		for i := range hosts {
			b.charge(hostAt(i), time.Second, time.Now())
		}
		if b.owed(hostAt(2*mostDebts-1), time.Now()) == 0 {
			t.Error("others make a host forgotten that is not the oldest")
		}
		if b.debts.Len() > mostDebts {
			t.Errorf("%d hosts are remembered", b.debts.Len())
		}
		last := hostAt(hosts - 1)
		time.Sleep(debtHalfLife)
		if owed := b.owed(last, time.Now()); math.Abs(owed.Seconds()-0.5) > 0.01 {
			t.Errorf("of a second %v is left after the half-life", owed)
		}
	})
}
