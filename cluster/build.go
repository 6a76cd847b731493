package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// buildPatience is how long a build may go on once the end was requested.
const buildPatience = 3 * time.Second

var errBuildGoesOn = fmt.Errorf("build has not returned %v after the end was requested: "+
	"end it with the context of Node.Context", buildPatience)

// built is the outcome of a build.
type built struct {
	offers   []Offer
	err      error
	returned bool
	panicked any    // nil without a panic: runtime.Goexit, as by testing.T.FailNow, is none
	stack    []byte // of the panic
}

// build calls build and waits for it, for buildPatience at most once the end was requested. An
// error that only says that the build was told to end is none.
func (r *run) build(ctx context.Context, build func(*Node) ([]Offer, error)) ([]Offer, error) {
	done, abandoned := make(chan built), make(chan struct{})
	go r.callBuild(build, done, abandoned)
	var b built
	select {
	case b = <-done:
	case <-ctx.Done():
		told := time.Now()
		select {
		case b = <-done:
			r.waited = time.Since(told)
		case <-time.After(buildPatience):
			close(abandoned)
			r.waited, r.abandoned = buildPatience, true
			return nil, errBuildGoesOn
		}
	}
	switch {
	case b.panicked != nil:
		r.node.log.Error().Str("panic", fmt.Sprint(b.panicked)).Bytes("stack", b.stack).
			Msg("cluster: build panicked: closing the node")
		panic(b.panicked)
	case !b.returned:
		runtime.Goexit()
	case wasTold(ctx, b.err):
		return b.offers, nil
	}
	return b.offers, wrapBuild(b.err)
}

// callBuild has a goroutine of its own. A build that returns too late loses its listeners; its
// panic ends the process, as nobody is left to recover it.
func (r *run) callBuild(build func(*Node) ([]Offer, error), done chan<- built, abandoned <-chan struct{}) {
	var b built
	defer func() {
		if !b.returned {
			if b.panicked = recover(); b.panicked != nil {
				b.stack = debug.Stack()
			}
		}
		select {
		case done <- b:
		case <-abandoned:
			closeListeners(b.offers)
			if b.panicked != nil {
				panic(b.panicked)
			}
		}
	}()
	b.offers, b.err = build(r.node)
	b.returned = true
}

// wasTold reports whether err only says that the end was requested.
func wasTold(ctx context.Context, err error) bool {
	return ctx.Err() != nil &&
		(errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}

func wrapBuild(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("build: %w", err)
}
