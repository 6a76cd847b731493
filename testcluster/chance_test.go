package testcluster_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/testcluster"
)

const manyPackets = 1000 // of which 5 in 100 are five standard deviations at most

// arrivals sends numbered packets, a millisecond apart, and gives their numbers in the order of arrival.
func arrivals(a, b *testcluster.Host) (numbers []string) {
	for i := range manyPackets {
		send(a, b, fmt.Sprint(i))
		time.Sleep(time.Millisecond)
		numbers = append(numbers, received(b)...)
	}
	time.Sleep(time.Second)
	return append(numbers, received(b)...)
}

func TestShares(t *testing.T) {
	for name, tt := range map[string]struct {
		link                              testcluster.Link
		arrived, distinct, inOrder, slack float64 // shares of what was sent
	}{
		"nothing":        {testcluster.Link{}, 1, 1, 1, 0},
		"loss":           {testcluster.Link{Loss: 0.3}, 0.7, 0.7, 0.7, 0.08},
		"all lost":       {testcluster.Link{Loss: 1}, 0, 0, 0, 0},
		"duplicates":     {testcluster.Link{Duplicate: 0.2}, 1.2, 1, 1.2, 0.08},
		"all duplicated": {testcluster.Link{Duplicate: 1}, 2, 1, 2, 0},
		"reordered":      {testcluster.Link{Reorder: 0.25}, 1, 1, 0.75, 0.08},
		"all of it":      {testcluster.Link{Loss: 0.5, Duplicate: 0.5}, 0.75, 0.625, 0.75, 0.1},
	} {
		t.Run(name, func(t *testing.T) {
			tt.link.Latency = 10 * time.Millisecond
			pair(t, tt.link, func(t *testing.T, _ *testcluster.Network, a, b *testcluster.Host) {
				got := arrivals(a, b)
				check := func(what string, count int, want float64) {
					if share := float64(count) / manyPackets; math.Abs(share-want) > tt.slack {
						t.Errorf("%s: %.3f of what was sent, want %.3f ± %.3f", what, share, want, tt.slack)
					}
				}
				check("arrived", len(got), tt.arrived)
				check("distinct", len(slices.Compact(slices.Sorted(slices.Values(got)))), tt.distinct)
				check("in order", len(got)-overtaken(got), tt.inOrder)
			})
		})
	}
}

// overtaken counts the packets that arrived after one that was sent later.
func overtaken(numbers []string) (n int) {
	latest := -1
	for _, number := range numbers {
		var i int
		fmt.Sscan(number, &i)
		if i < latest {
			n++
		}
		latest = max(latest, i)
	}
	return n
}

// fates gives what becomes of the packets from one host to another, while chatter packets go other ways for each.
func fates(t *testing.T, seed uint64, chatter int) (outcome []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		link := testcluster.Link{Latency: 10 * time.Millisecond, Jitter: 7 * time.Millisecond, Loss: 0.2, Duplicate: 0.2, Reorder: 0.2}
		n := testcluster.NewNetwork(seed, link)
		a, b, c := n.Host(), n.Host(), n.Host()
		for i := range 200 {
			for range chatter {
				send(b, a, "back")
				send(c, b, "other")
				send(a, c, "other")
			}
			began := time.Now()
			send(a, b, fmt.Sprint(i))
			for time.Since(began) < 50*time.Millisecond {
				select {
				case packet := <-b.PacketCh():
					if string(packet.Buf) != "other" {
						outcome = append(outcome, fmt.Sprintf("%s after %v", packet.Buf, time.Since(began)))
					}
				case <-time.After(50*time.Millisecond - time.Since(began)):
				}
			}
		}
	})
	return outcome
}

func TestSeedDecides(t *testing.T) {
	first := fates(t, 1, 0)
	if again := fates(t, 1, 0); !slices.Equal(first, again) {
		t.Error("the same seed has another outcome")
	}
	if busy := fates(t, 1, 3); !slices.Equal(first, busy) {
		t.Error("what is sent on other paths changes the outcome")
	}
	if other := fates(t, 2, 0); slices.Equal(first, other) {
		t.Error("another seed has the same outcome")
	}
}
