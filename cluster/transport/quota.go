package transport

import "sync"

// mostExchanges is how many streams of memberlist's one member may have open here: memberlist serves 128 push/pulls at a
// time, whoever opened them.
const mostExchanges = 6

// quota bounds how many of something each member has.
type quota struct {
	most int

	mu sync.Mutex
	by map[string]int // by the name of a member
}

func newQuota(most int) *quota { return &quota{most: most, by: make(map[string]int)} }

func (q *quota) take(name string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.by[name] >= q.most {
		return false
	}
	q.by[name]++
	return true
}

func (q *quota) give(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.by[name]--; q.by[name] == 0 {
		delete(q.by, name)
	}
}
