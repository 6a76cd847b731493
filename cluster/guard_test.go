package cluster

import (
	"fmt"
	"testing"
)

// TestEachIsWatched holds that every member of a ring has as many watchers as it watches others, the nearest among them, and
// that one that comes changes little.
func TestEachIsWatched(t *testing.T) {
	for _, n := range []int{2, 3, 4, 5, 50} {
		living := make(map[identity]string)
		for i := range n {
			id := identity{"m", uint64(i)}
			living[id] = fmt.Sprint("10.0.0.1:", 1000+i)
		}
		watchers, beats, changed := make(map[identity]int), make(map[identity]int), 0
		newcomer := identity{"new", 1}
		for self := range living {
			others := make(map[identity]string)
			for id, address := range living {
				if id != self {
					others[id] = address
				}
			}
			posts := nearest(self, others, defaultNeighbours)
			if want := min(n-1, defaultNeighbours); len(posts) != want {
				t.Errorf("%d members: %v watches %d, want %d", n, self, len(posts), want)
			}
			for _, post := range posts {
				watchers[post.id]++
				if post.address != living[post.id] {
					t.Errorf("%v is watched at %s", post.id, post.address)
				}
				if post.beats {
					beats[post.id]++
				}
			}
			others[newcomer] = "10.0.0.1:999"
			for _, post := range nearest(self, others, defaultNeighbours) {
				if post.id == newcomer {
					changed++
				}
			}
		}
		for id := range living {
			if watchers[id] != min(n-1, defaultNeighbours) || beats[id] != min(n-1, asked) {
				t.Errorf("%d members: %v has %d watchers, %d of which ask", n, id, watchers[id], beats[id])
			}
		}
		if changed != min(n, defaultNeighbours) {
			t.Errorf("%d members: one more is watched by %d", n, changed)
		}
	}
}
