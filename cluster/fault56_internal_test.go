package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

// stalled is a Transport whose dials take all the time that they are given.
type stalled struct{ nowhere }

func (stalled) DialAddressTimeout(_ Address, timeout time.Duration) (net.Conn, error) {
	time.Sleep(timeout)
	return nil, os.ErrDeadlineExceeded
}

// TestFault56_AcksByStream has a member ask for acknowledgements by stream, over and over, and read none: one is under way at a
// time, and a stream to another is not late.
func TestFault56_AcksByStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNodeOn(t, stalled{}, zerolog.Nop())
		defer time.Sleep(time.Minute)
		insists := pushEvent{record: recordOf("a"), insists: true}
		liar := identityOf(insists.record)
		n.handle([]event{insists, upEvent{liar, "10.0.0.7:7946", membership.WireVersion, true}})
		for range 1000 {
			n.handle([]event{insists})
			synctest.Wait()
			if acks, fast := len(n.push.acks), len(n.push.streams.fast); acks > 1 || fast > 1 {
				t.Fatalf("%d acknowledgements to one member are under way, and %d slots taken", acks, fast)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if !n.push.streams.isSlow("a") {
			t.Error("it is not known to be slow")
		}
	})
}

// TestFault56_SlotsAreFairByPeer has more peers than there are slots not read, and each insist on many streams.
func TestFault56_SlotsAreFairByPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreams()
		const patience = 200 * time.Millisecond
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stall := func() error {
			select {
			case <-time.After(5 * time.Second):
			case <-ctx.Done():
			}
			return os.ErrDeadlineExceeded
		}
		var refused atomic.Int64
		for i := range 3 * mostStreams {
			for range 2 * mostWaitingFor {
				go func() {
					if errors.Is(s.run(ctx, fmt.Sprint("liar", i), patience, stall), errManyStreams) {
						refused.Add(1)
					}
				}()
			}
		}
		synctest.Wait()
		late := func() time.Duration {
			began := time.Now()
			if err := s.run(ctx, "honest", patience, func() error { return nil }); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		if took := late(); took > 3*patience {
			t.Errorf("a stream waits for %v", took)
		}
		for range 20 {
			time.Sleep(time.Second)
			if took := late(); took > 0 {
				t.Errorf("once it is known who does not read, a stream waits for %v", took)
			}
		}
		if len(s.slow) > 3*mostStreams || refused.Load() != 3*mostStreams*mostWaitingFor {
			t.Errorf("%d streams to peers that do not read at a time, and %d refused", len(s.slow), refused.Load())
		}
	})
}

// TestFault56_FastAgain holds that a peer that reads again is served with the others.
func TestFault56_FastAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreams()
		for _, took := range []time.Duration{time.Second, 0, time.Second} {
			_ = s.run(t.Context(), "a", 200*time.Millisecond, func() error {
				time.Sleep(took)
				return nil
			})
			if s.isSlow("a") != (took > 0) {
				t.Errorf("after a stream of %v it is slow: %v", took, s.isSlow("a"))
			}
		}
		time.Sleep(slowFor)
		if s.isSlow("a") || len(s.fast)+len(s.slow) > 0 {
			t.Errorf("slow for ever, or slots are taken: %d, %d", len(s.fast), len(s.slow))
		}
	})
}

// TestFault56_Introductions has peers take this member for dead, and not answer: each is tried ever less often.
func TestFault56_Introductions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreams()
		tried := 0
		for range 3600 {
			if s.mayIntroduce("liar") {
				tried++
				s.introduced("liar", os.ErrDeadlineExceeded)
			}
			time.Sleep(time.Second)
		}
		if tried > 20 || tried < 12 {
			t.Errorf("it is tried %d times in an hour", tried)
		}
		if s.introduced("liar", nil); !s.mayIntroduce("liar") || !s.mayIntroduce("honest") {
			t.Error("one that answers is not introduced to again")
		}
	})
}

// TestFault56_WhatIsServed has as many members as there is room for want records, and not read them: others are served.
func TestFault56_WhatIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := idleNodeOn(t, stalled{}, zerolog.Nop())
		defer time.Sleep(time.Minute)
		var refused atomic.Int64
		serve := func(name string) bool {
			id := identity{name, 1}
			n.handle([]event{upEvent{id, "10.0.0.7:7946", membership.WireVersion, true}})
			before := refused.Load()
			n.repair.out.add(id, batch{next: func() []byte { return []byte{byte(kindWant)} }, failed: func() { refused.Add(1) }})
			return refused.Load() == before
		}
		for i := range 2 * mostAnswered {
			one, _ := n.push.streams.join(fmt.Sprint("liar", i))
			n.push.streams.note(one, true)
			n.push.streams.leave(one)
			serve(fmt.Sprint("liar", i))
		}
		if got := refused.Load(); got != 2*mostAnswered-mostSlow {
			t.Errorf("%d are refused", got)
		}
		if !serve("honest") {
			t.Error("a member that reads is not served")
		}
		if again := serve("honest"); !again {
			t.Error("nor is it told more")
		}
		n.cancel()
	})
}
