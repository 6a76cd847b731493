package endpoint

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// failuresCount is how long a failed call keeps the next ones of the same context away from its instance.
const failuresCount = 10 * time.Second

// failures remembers which instances failed the calls of a context. Go kit's lb.Retry makes its attempts with one
// context, which it makes for them and cancels at the end: that is how its attempts are known to belong together.
type failures struct {
	contexts atomic.Int64 // how many are remembered: none, nearly always
	mu       sync.Mutex
	of       map[context.Context][]failure
}

type failure struct {
	client *client
	at     time.Time
}

// in gives the instances that failed in ctx lately.
func (f *failures) in(ctx context.Context) (tried []*client) {
	if f.contexts.Load() == 0 || !usable(ctx) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, failure := range f.of[ctx] {
		if time.Since(failure.at) < failuresCount {
			tried = append(tried, failure.client)
		}
	}
	return tried
}

// add remembers a failure until ctx is done.
func (f *failures) add(ctx context.Context, failed *client) {
	if !usable(ctx) || ctx.Err() != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = make(map[context.Context][]failure)
	}
	if f.of[ctx] == nil {
		f.contexts.Add(1)
		context.AfterFunc(ctx, func() { f.forget(ctx) })
	}
	known := slices.DeleteFunc(f.of[ctx], func(other failure) bool {
		return other.client == failed || time.Since(other.at) >= failuresCount
	})
	f.of[ctx] = append(known, failure{failed, time.Now()})
}

func (f *failures) forget(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.of, ctx)
	f.contexts.Add(-1)
}

// usable says whether ctx can be remembered: it must end some day, by a deadline as lb.Retry's does, and be fit for a
// key of a map.
func usable(ctx context.Context) bool {
	_, ends := ctx.Deadline()
	return ends && reflect.ValueOf(ctx).Comparable()
}
