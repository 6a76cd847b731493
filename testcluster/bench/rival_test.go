package main

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
)

// eachRival runs a test with each of them, in virtual time. That nothing of a rival outlives its close is for the bubble to find.
func eachRival(t *testing.T, test func(t *testing.T, m maker, r rival)) {
	for _, m := range makers {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				catchUp()
				r := startRival(t, m)
				defer r.close()
				test(t, m, r)
			})
		})
	}
}

func startRival(t *testing.T, m maker) rival {
	r, err := m.make(setup{seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func backendsOf(ids ...int) (backends []backend) {
	for _, id := range ids {
		backends = append(backends, backend{id: id, key: fmt.Sprintf("10.0.0.%d:80", id), weight: 100})
	}
	return backends
}

func setTo(t *testing.T, r rival, backends []backend) {
	if err := r.update(backends); err != nil {
		t.Fatal(err)
	}
}

// picksOf makes calls of 10 ms, one after the other.
func picksOf(t *testing.T, r rival, calls int) map[int]int {
	counts := make(map[int]int)
	for i := range calls {
		picked, ok := r.pick(newCall(fmt.Sprint("key ", i)))
		if !ok {
			t.Fatalf("nothing is picked after %d calls", i)
		}
		counts[picked.id]++
		time.Sleep(10 * time.Millisecond)
		r.done(picked, result{})
	}
	return counts
}

func picked(counts map[int]int) []int { return slices.Sorted(maps.Keys(counts)) }

func TestRivalsPickEveryBackend(t *testing.T) {
	eachRival(t, func(t *testing.T, _ maker, r rival) {
		setTo(t, r, backendsOf(1, 2, 3, 4, 5, 6, 7))
		if got := picksOf(t, r, 700); len(got) != 7 {
			t.Errorf("picks: %v", got)
		}
	})
}

func TestRivalsFollowChanges(t *testing.T) {
	eachRival(t, func(t *testing.T, _ maker, r rival) {
		for _, set := range [][]int{{1, 2, 3}, {2, 3, 4, 5}, {5}, {1, 2, 3, 4, 5, 6}} {
			setTo(t, r, backendsOf(set...))
			if got := picksOf(t, r, 600); !slices.Equal(picked(got), set) {
				t.Errorf("picks of %v: %v", set, got)
			}
		}
	})
}

func TestRivalsHaveNothingToPick(t *testing.T) {
	eachRival(t, func(t *testing.T, _ maker, r rival) {
		if _, ok := r.pick(newCall("")); ok {
			t.Error("picked before there was a set")
		}
		setTo(t, r, backendsOf(1, 2))
		picksOf(t, r, 10)
		setTo(t, r, nil)
		if _, ok := r.pick(newCall("")); ok {
			t.Error("picked from an empty set")
		}
	})
}

func TestRivalsAreTold(t *testing.T) {
	eachRival(t, func(t *testing.T, m maker, r rival) {
		setTo(t, r, backendsOf(1, 2, 3))
		for i := range 60 {
			one, _ := r.pick(newCall(fmt.Sprint(i)))
			r.done(one, result{outcome: balancer.Outcome(i % 3), load: newLoad(100, 1, 0.5)})
		}
		if p, ok := r.(probed); ok {
			p.report(1, 5)
			p.silent(2)
			p.report(9, 5) // is not there
			if _, ok := p.next(); ok != (m.name == "LeastRequest") {
				t.Errorf("asks for reports: %v", ok)
			}
		}
	})
}

func TestKeysStay(t *testing.T) {
	eachRival(t, func(t *testing.T, m maker, r rival) {
		if !m.keyed {
			t.Skip("does not go by keys")
		}
		setTo(t, r, backendsOf(1, 2, 3, 4, 5, 6, 7))
		before := homes(t, r)
		if again := homes(t, r); !maps.Equal(again, before) {
			t.Errorf("homes: %v, then %v", before, again)
		}
		setTo(t, r, backendsOf(1, 2, 3, 4, 5, 6, 7, 8))
		moved := 0
		for key, id := range homes(t, r) {
			if id != before[key] {
				moved++
			}
		}
		if moved == 0 || moved > 300 {
			t.Errorf("%d of 1000 keys moved when one of 8 came", moved)
		}
	})
}

func homes(t *testing.T, r rival) map[int]int {
	homes := make(map[int]int)
	for key := range 1000 {
		one, ok := r.pick(newCall(fmt.Sprint(key)))
		if !ok {
			t.Fatal("nothing is picked")
		}
		homes[key] = one.id
		r.done(one, result{})
	}
	return homes
}

// TestConnections breaks one of three. It is not picked until the backoff of 1 s after the refused dial is over, then again.
func TestConnections(t *testing.T) {
	eachRival(t, func(t *testing.T, _ maker, r rival) {
		w, ok := r.(wired)
		if !ok {
			t.Skip("knows nothing of connections")
		}
		setTo(t, r, backendsOf(1, 2, 3))
		picksOf(t, r, 30)
		w.reset(2)
		synctest.Wait()
		if got := picksOf(t, r, 60); got[2] > 0 || len(got) != 2 {
			t.Errorf("picks while 2 is down: %v", got)
		}
		w.restore(2)
		time.Sleep(5 * time.Second)
		if got := picksOf(t, r, 300); len(got) != 3 {
			t.Errorf("picks once 2 is back: %v", got)
		}
		w.reset(1)
		w.reset(2)
		w.reset(3)
		synctest.Wait()
		if one, ok := r.pick(newCall("")); ok {
			t.Errorf("picked %d of none", one.id)
		}
	})
}

// TestLoadsAreWeighed has one of three say that it is four times as capable, for longer than the blackout of 10 s.
func TestLoadsAreWeighed(t *testing.T) {
	eachRival(t, func(t *testing.T, _ maker, r rival) {
		if _, ok := r.(weighed); !ok {
			t.Skip("is not weighed")
		}
		setTo(t, r, backendsOf(1, 2, 3))
		counts := make(map[int]int)
		for i := range 4000 {
			one, _ := r.pick(newCall(""))
			load := newLoad(100, 0, 0.8)
			if one.id == 1 {
				load = newLoad(100, 0, 0.2)
			}
			time.Sleep(10 * time.Millisecond)
			r.done(one, result{load: load})
			if i >= 2000 {
				counts[one.id]++
			}
		}
		if counts[1] < 1200 || counts[1] > 1450 { // of 2000; 4/6 of them are due
			t.Errorf("picks: %v", counts)
		}
	})
}

func TestP2CPicksTheLessBusy(t *testing.T) {
	r := startRival(t, p2cMaker)
	setTo(t, r, backendsOf(1, 2))
	for range 10 {
		busy, _ := r.pick(newCall(""))
		setTo(t, r, backendsOf(2, 1)) // counts stay
		other, _ := r.pick(newCall(""))
		if other.id == busy.id {
			t.Fatalf("picked %d again, which has a call, not the other", busy.id)
		}
		r.done(busy, result{})
		r.done(other, result{})
	}
}

func TestOursDoNotAllocate(t *testing.T) {
	for _, m := range append(slices.Clone(ourMakers), p2cMaker) {
		r := startRival(t, m)
		setTo(t, r, backendsOf(1, 2, 3))
		c := newCall("key")
		if got := testing.AllocsPerRun(100, func() {
			one, _ := r.pick(c)
			r.done(one, result{})
		}); got != 0 {
			t.Errorf("%s: %v allocations", m.name, got)
		}
	}
}

func TestRivalsAreNamed(t *testing.T) {
	for _, m := range makers {
		if got, err := makerOf(m.name); err != nil || got.name != m.name {
			t.Errorf("%s: %v %v", m.name, got.name, err)
		}
	}
	if _, err := makerOf("nobody"); err == nil {
		t.Error("there is a rival called nobody")
	}
}
