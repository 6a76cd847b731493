package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// buildPatience is how long a build, or the start of a companion, may go on once the end was
// requested.
const buildPatience = 3 * time.Second

// outcome is that of a function of the application.
type outcome[T any] struct {
	value    T
	err      error
	returned bool
	panicked any    // nil without a panic: runtime.Goexit, as by testing.T.FailNow, is none
	stack    []byte // of the panic
}

// await calls do and waits for it, for buildPatience at most once the end was requested. An error
// that only states that do was told to end is none. A value that comes too late is discarded.
func await[T any](ctx context.Context, r *run, what string, do func(*Node) (T, error), discard func(T)) (T, error) {
	done, abandoned := make(chan outcome[T]), make(chan struct{})
	go func() {
		var o outcome[T]
		defer func() { o.deliver(done, abandoned, discard) }()
		o.call(r.node, do)
	}()
	var o outcome[T]
	select {
	case o = <-done:
	case <-ctx.Done():
		told := time.Now()
		select {
		case o = <-done:
			r.waited = time.Since(told)
		case <-time.After(buildPatience):
			close(abandoned)
			r.waited, r.abandoned = buildPatience, true
			return o.value, fmt.Errorf("%s has not returned %v after the end was requested: "+
				"end it with the context of Node.Context", what, buildPatience)
		}
	}
	switch {
	case o.panicked != nil:
		r.node.log.Error().Str("panic", fmt.Sprint(o.panicked)).Bytes("stack", o.stack).
			Msg("cluster: " + what + " panicked: closing the node")
		panic(o.panicked)
	case !o.returned:
		runtime.Goexit()
	case wasTold(ctx, o.err):
		return o.value, nil
	case o.err != nil:
		return o.value, fmt.Errorf("%s: %w", what, o.err)
	}
	return o.value, nil
}

func (o *outcome[T]) call(node *Node, do func(*Node) (T, error)) {
	defer func() {
		if !o.returned {
			if o.panicked = recover(); o.panicked != nil {
				o.stack = debug.Stack()
			}
		}
	}()
	o.value, o.err = do(node)
	o.returned = true
}

// deliver hands the outcome over. A panic that comes too late ends the process, as nobody is left to
// recover it.
func (o *outcome[T]) deliver(done chan<- outcome[T], abandoned <-chan struct{}, discard func(T)) {
	select {
	case done <- *o:
	case <-abandoned:
		discard(o.value)
		if o.panicked != nil {
			panic(o.panicked)
		}
	}
}

// wasTold reports whether err only states that the end was requested.
func wasTold(ctx context.Context, err error) bool {
	return ctx.Err() != nil &&
		(errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}
